// Whether every entity lives exactly once, 5 s after nodes were killed, stopped, cut off, joined or
// left: real processes, default settings, asks all the time. Exit code 1 when it does not.
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { linksMissing } from '../tests/harness/links/missing.ts';
import { NodeProcess } from './availability/NodeProcess.ts';
import { hasFailed, type Result, reportOf } from './availability/report.ts';
import { SCENARIOS } from './availability/scenarios.ts';
import { runTrial, type Trial } from './availability/trial.ts';
import { OptionError, optionsOf, whole } from './commandLine.ts';

const REPORT = fileURLToPath(new URL('../docs/availability.md', import.meta.url));

const USAGE = `npm run availability                              3 trials of each, writes docs/availability.md
npm run availability -- --trials 1 --only stop-   those whose key begins so; writes nothing
npm run availability -- --logs /tmp/logs          keeps the nodes' logs there`;

const { args, trials, scenarios } = optionsOf(USAGE, () => {
  const { values } = parseArgs({
    options: {
      trials: { type: 'string', default: '3' },
      only: { type: 'string' },
      logs: { type: 'string' },
    },
  });
  const beginnings = values.only?.split(',') ?? [''];
  const asked = SCENARIOS.filter(({ key }) => beginnings.some((begin) => key.startsWith(begin)));
  if (asked.length === 0) {
    throw new OptionError(`--only takes of: ${SCENARIOS.map(({ key }) => key).join(', ')}`);
  }
  return { args: values, trials: whole('trials', values.trials), scenarios: asked };
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const node of NodeProcess.running) node.signal('SIGKILL');
    process.exit(130);
  });
}

const loadBefore = loadavg()[0]!;
const cutMissing = await linksMissing();
const results: Result[] = [];
for (const scenario of scenarios) {
  if (scenario.needsCut && cutMissing !== null) {
    console.log(`${scenario.name}: not run: ${cutMissing}`);
    results.push({ scenario, trials: [], notRun: cutMissing });
    continue;
  }
  const done: Trial[] = [];
  for (let i = 0; i < trials; i++) {
    const trial = await runTrial(scenario, i, args.logs ?? null).catch(notCompleted);
    done.push(trial);
    const { faults, asks, lost, backAfterMs, settledAfterMs, everTwice, twiceUntilMs, homes } =
      trial;
    const numbers = {
      asks,
      lost,
      backAfterMs,
      settledAfterMs,
      everTwice,
      twiceUntilMs,
      homes: homes.join(' '),
    };
    console.log(`${scenario.key} ${i + 1}: ${faults.length === 0 ? 'kept' : 'BROKEN'}`, numbers);
    for (const fault of faults) console.log(`  ${fault}`);
  }
  results.push({ scenario, trials: done });
}
const report = reportOf(results, loadBefore);
console.log(`\n${report}`);
if (args.only === undefined) await writeFile(REPORT, report);
process.exitCode = results.some(hasFailed) ? 1 : 0;

/** The cluster did not form, or a node did not come up again: that is a broken promise, too. */
function notCompleted(error: Error): Trial {
  return {
    asks: 0,
    twice: 0,
    unavailable: 0,
    lost: 0,
    backAfterMs: Number.POSITIVE_INFINITY,
    settledAfterMs: Number.POSITIVE_INFINITY,
    everTwice: 0,
    twiceUntilMs: 0,
    homes: [],
    faults: [`not completed: ${error.message}`],
  };
}

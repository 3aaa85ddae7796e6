// Tries hostile input on every surface, many more than the tests do. Exit code 1 when a node crashed,
// memory leaked, an input was refused without a name, or others noticed.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chosen, OptionError, optionsOf, whole } from '../../bench/commandLine.ts';
import { type Row, tableOf, writeReport } from './fuzzReport.ts';
import type { Surface } from './Surface.ts';
import { cheap, overSockets } from './surfaces/index.ts';

const USAGE = `npm run fuzz                                   a million inputs a surface, 10,000 over sockets
npm run fuzz -- --surface decoder,http         only these
npm run fuzz -- --inputs 5000 --seed 7         so many on each, and the same ones again
npm run fuzz -- --report                       writes the table of docs/reliability.md`;

const all = [...cheap, ...overSockets];
const { wanted, seed, inputs, isReported } = optionsOf(USAGE, () => {
  const { values } = parseArgs({
    options: {
      surface: { type: 'string' },
      inputs: { type: 'string' },
      seed: { type: 'string' },
      report: { type: 'boolean', default: false },
    },
  });
  if (values.report && (values.surface ?? values.inputs) !== undefined) {
    throw new OptionError('--report takes all surfaces, and all of their inputs');
  }
  const names = all.map(({ name }) => name);
  return {
    wanted: chosen(names, values.surface?.split(',') ?? []),
    seed: values.seed === undefined ? randomInt(2 ** 31) : whole('seed', values.seed, 0),
    inputs: values.inputs === undefined ? undefined : whole('inputs', values.inputs),
    isReported: values.report,
  };
});

console.log(`seed ${seed}`);
const rows: Row[] = [];
for (const surface of all.filter(({ name }) => wanted.includes(name))) {
  const row = await tried(surface);
  rows.push(row);
  print(row);
}
console.log(`\n${tableOf(rows)}`);
if (isReported) await writeReport(rows, seed);
process.exitCode = rows.some(hasFailed) ? 1 : 0;

async function tried(surface: Surface): Promise<Row> {
  const from = performance.now();
  const outcome = await surface.run({ inputs: inputs ?? surface.inputs.fuzz, seed });
  return { surface, outcome, seconds: (performance.now() - from) / 1000 };
}

function print({ surface, outcome, seconds }: Row): void {
  const { tally, grownBytes, slowestAckMs } = outcome;
  const { inputs: count, accepted, rejections, faults, faultCount } = tally;
  console.log(`\n${surface.name}: ${count} inputs in ${seconds.toFixed(1)} s, ${accepted} taken`);
  for (const [name, times] of [...rejections].sort(([, a], [, b]) => b - a)) {
    console.log(`  ${String(times).padStart(8)}  ${name}`);
  }
  for (const [name, times] of outcome.complaints ?? []) {
    console.log(`  ${String(times).padStart(8)}  in the log: ${name}`);
  }
  console.log(`  memory grew by ${(grownBytes / 1024 / 1024).toFixed(1)} MiB`);
  if (slowestAckMs !== undefined) {
    console.log(`  slowest ack of the others: ${slowestAckMs.toFixed(0)} ms`);
  }
  if (faultCount > 0) console.log(`  ${faultCount} FAULTS`);
  for (const fault of faults) console.log(`    ${fault}`);
}

function hasFailed({ surface, outcome }: Row): boolean {
  return outcome.tally.faultCount > 0 || outcome.grownBytes >= surface.mayGrowBytes;
}

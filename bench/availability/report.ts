// The table of what was measured, and the document around it.
import { cpus, totalmem } from 'node:os';
import type { Scenario } from './scenarios.ts';
import type { Trial } from './trial.ts';

export interface Result {
  readonly scenario: Scenario;
  readonly trials: readonly Trial[];
  /** Why it was not run. */
  readonly notRun?: string;
}

export function hasFailed({ trials }: Result): boolean {
  return trials.some(({ faults }) => faults.length > 0);
}

export function reportOf(results: readonly Result[], loadBefore: number): string {
  const [cpu] = cpus();
  return `# No entity twice, none missing

Written by \`npm run availability\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpu?.model.trim()},
${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}, load before the first trial ${loadBefore.toFixed(1)}.

Three nodes as processes of their own, default settings, 60 sharded entities. Every node asks every
entity every 100 ms which process it runs in, before, during and after the event. The first node
founds the cluster, is its leader, and is everybody's only seed, its own too, unless the line says
otherwise. A killed node is started again at once, after 1 s or after 4 s, in turn.

From 5 s after the event (after the node's return, the continuation, the healing of the link) 3 s
are judged: "twice" counts entities that answered from two processes, "missing" those that did not
answer some node; both must be 0. A node stopped for 30 s must be replaced within 10 s: the rest of
the stop is judged as well. "Lost" counts asks without an answer within 1 s in the judged time; when
a node leaves in order, asks without an answer within 5 s from its SIGTERM on, and there it must be
0.

For information, times in milliseconds, median / maximum:

- back: from the event to the end of the last gap (lost asks, and answers later than 500 ms) seen
  from the nodes that nothing was done to.
- settled: from the end of the event to the last answer from another process than the entity's final
  one, so it includes the rebalancing after a join.
- on one: entities on the process that has fewest of them in the end, and on the one that has most.
- ever twice: entities of which two instances lived side by side at some time, one answering between
  two answers of the other, and how long after the end of the event the last such answer came. A
  leader that is its own only seed founds a cluster before it meets the others; a node that was
  stopped answers until it hears, at its next word with the others, that it was removed meanwhile.

| event | trials | asks | twice | missing | lost | back | settled | on one | ever twice | verdict |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
${results.map(row).join('\n')}
`;
}

function row(result: Result): string {
  const { scenario, trials, notRun } = result;
  if (notRun !== undefined) {
    return `| ${scenario.name} | 0 | | | | | | | | | **not run**: ${notRun} |`;
  }
  const sum = (field: 'asks' | 'twice' | 'unavailable' | 'lost' | 'everTwice') =>
    trials.reduce((total, trial) => total + trial[field], 0);
  const times = (field: 'backAfterMs' | 'settledAfterMs') =>
    spread(trials.map((trial) => trial[field]));
  const twice = sum('everTwice');
  return `| ${[
    scenario.name,
    trials.length,
    sum('asks'),
    sum('twice'),
    sum('unavailable'),
    sum('lost'),
    times('backAfterMs'),
    times('settledAfterMs'),
    range(trials.flatMap(({ homes }) => homes)),
    twice === 0 ? '0' : `${twice}, ${spread(trials.map((trial) => trial.twiceUntilMs))}`,
    hasFailed(result) ? '**broken**' : 'kept',
  ].join(' | ')} |`;
}

function range(values: readonly number[]): string {
  return values.length === 0 ? '' : `${Math.min(...values)} to ${Math.max(...values)}`;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.ceil(sorted.length / 2) - 1]!;
  return `${text(median)} / ${text(sorted.at(-1)!)}`;
}

function text(ms: number): string {
  return Number.isFinite(ms) ? String(Math.round(ms)) : 'never';
}

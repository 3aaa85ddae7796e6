// A seed's run from its first folder to its last file: what is kept of it stands in
// `.workshop/chaos/<seed>-<time>/`.
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { TestCluster } from '../tests/harness/Driver.ts';
import type { Verdict } from './check.ts';
import { Door } from './Door.ts';
import type { Fault } from './faults/Fault.ts';
import { History, type ProbeKind } from './History.ts';
import { OptionError, type Options } from './options.ts';
import { ROOMS, Run } from './Run.ts';
import { type Schedule, schedule } from './schedule.ts';
import { startCluster } from './startCluster.ts';

const KEPT_IN = '.workshop/chaos';

export interface SeedReport extends Verdict {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly driver: string;
  readonly journal: 'sqlite' | 'cassandra';
  readonly without: string | null;
  readonly startedAt: string;
  /** The faults that were asked for by name, if they were. */
  readonly faults: readonly string[] | null;
  /** The faults of the schedule, in the order in which they were to happen. */
  readonly scheduled: readonly string[];
  /** Where all of it is kept. */
  readonly dir: string;
}

/** @throws OptionError when a fault that was asked for cannot happen here */
export async function runSeed(
  options: Options,
  seed: number,
  say: (line: string) => void,
): Promise<SeedReport> {
  const startedAt = new Date().toISOString();
  const dir = join(KEPT_IN, `${seed}-${startedAt.replace(/[:.]/g, '-')}`);
  await mkdir(dir, { recursive: true });
  const history = new History(join(dir, 'history.jsonl'));
  const log = createWriteStream(join(dir, 'nodes.log'));
  const said = (line: string) => {
    if (log.writable) log.write(`${Math.round(history.now)} ${line}\n`);
    const [, node, json] = /^(\S+) (\{"probe":.*\})$/.exec(line) ?? [];
    if (node === undefined) return;
    const { probe: what, room } = JSON.parse(json!) as { probe: ProbeKind; room: string };
    history.record('runner', { op: 'probe', node, what, room });
  };
  try {
    await using cluster = await startCluster(options, seed, said);
    const plan = planFor(options, seed, cluster);
    await writeFile(join(dir, 'schedule.json'), JSON.stringify(plan, null, 2));
    await using door = await Door.open(cluster, said);
    const run = await Run.prepare({ options, plan, cluster, door, history, say });
    const verdict = await run.execute(dir);
    const { driver, minutes, rate, without } = options;
    const journal = options.isOnCassandra ? ('cassandra' as const) : ('sqlite' as const);
    const scheduled = [...plan.main, ...plan.beside].map(({ name }) => name);
    const faults = options.areFaultsNamed ? options.faults.map(({ name }) => name) : null;
    const about = {
      seed,
      minutes,
      rate,
      driver,
      journal,
      without,
      faults,
      startedAt,
      scheduled,
      dir,
    };
    const report = { ...about, ...verdict };
    await writeFile(join(dir, 'report.json'), JSON.stringify(report, null, 2));
    return report;
  } finally {
    await history.close();
    log.end();
    await finished(log);
  }
}

function planFor(options: Options, seed: number, cluster: TestCluster): Schedule {
  const nodes = cluster.nodes.map(({ name }) => name);
  const kinds = possible(options, cluster);
  const plan = schedule(seed, options.minutes, kinds, { nodes, rooms: ROOMS });
  if (plan.main.length + plan.beside.length > 0) return plan;
  const names = kinds.map(({ name }) => name).join(', ');
  throw new OptionError(`--minutes ${options.minutes} is too short for ${names}`);
}

function possible({ faults, areFaultsNamed }: Options, cluster: TestCluster): Fault[] {
  return faults.filter((fault) => {
    const why = fault.needs(cluster);
    if (why !== null && areFaultsNamed) throw new OptionError(`--faults ${fault.name}: ${why}`);
    return why === null;
  });
}

// What the journal in Cassandra costs beside the driver alone, on one server, in one run. Compare the
// ratios: the figures themselves depend on the machine.
import { parseArgs } from 'node:util';
import {
  type ActorRef,
  ActorSystem,
  CassandraJournal,
  PersistenceExtensionId,
  Props,
} from 'actor-ts';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { BusyRoom } from './cassandra/BusyRoom.ts';
import { Raw } from './cassandra/Raw.ts';
import { OptionError, optionsOf, whole } from './commandLine.ts';
import { percentile } from './percentile.ts';

const USAGE = `.ci/cassandra/start /tmp/cassandra   prints host:port and a process id
export CASSANDRA_CONTACT_POINTS=host:port
npm run bench:cassandra              [--rounds 5] [--appends 500] [--events 100000]
                                     [--report] writes docs/performance.md
.ci/cassandra/stop <process id>`;

const { rounds, appends, events, isReported, contactPoints } = optionsOf(USAGE, () => {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      appends: { type: 'string', default: '500' },
      events: { type: 'string', default: '100000' },
      report: { type: 'boolean', default: false },
    },
  });
  const points = process.env.CASSANDRA_CONTACT_POINTS;
  if (!points) throw new OptionError('CASSANDRA_CONTACT_POINTS names no server.');
  return {
    rounds: whole('rounds', values.rounds),
    appends: whole('appends', values.appends),
    events: whole('events', values.events),
    isReported: values.report,
    contactPoints: points.split(','),
  };
});

const KEYSPACE = 'bench';
const STREAMS = 100;
/** People who write to the busy room, each one thing at a time. */
const PEOPLE = 100;
const EVENTS_OF_A_BATCH = 500;
const event = { kind: 'posted', from: 'ada', text: 'x'.repeat(100), at: new Date(0) };

type Action = (round: number) => Promise<unknown>;
interface Row {
  readonly what: string;
  /** Events of one action. */
  readonly count: number;
  readonly journal: Action;
  readonly conditional: Action;
  readonly plain?: Action;
  readonly target?: number;
}

const localDataCenter = process.env.CASSANDRA_LOCAL_DC ?? 'datacenter1';
await using raw = await Raw.open(contactPoints, localDataCenter, KEYSPACE, event);
await using journal = new CassandraJournal({ contactPoints, localDataCenter, keyspace: KEYSPACE });
const system = ActorSystem.create('bench', { logLevel: 'warn' });
system.extension(PersistenceExtensionId).setJournal(journal);
let writes = 0;
const busyRoom: ActorRef = system.spawn(
  Props.create(() => new BusyRoom(event, () => writes++)),
  'busy-room',
);

const streams = Array.from({ length: STREAMS }, (_, n) => n);
const each = Math.max(1, Math.round(appends / 10));
const inStreams = (append: (stream: number) => Promise<void>) => Promise.all(streams.map(append));

async function one(pid: string, count: number): Promise<void> {
  for (let head = 0; head < count; head++) await journal.append(pid, [event], head);
}

async function talk(): Promise<void> {
  const person = async () => {
    for (let i = 0; i < each; i++) await busyRoom.ask({});
  };
  await Promise.all(Array.from({ length: PEOPLE }, person));
}

async function replay(): Promise<void> {
  let seen = 0;
  for await (const { sequenceNr } of journal.read('long', 1)) seen = sequenceNr;
  if (seen !== events) throw new Error(`read ${seen} of ${events} events`);
}

const ROWS: readonly Row[] = [
  {
    what: 'one stream, one event at a time',
    count: appends,
    journal: (round) => one(`a${round}`, appends),
    conditional: (round) => raw.conditional(`a${round}`, appends),
    plain: (round) => raw.plain(`a${round}`, appends),
    target: 0.8,
  },
  {
    what: `${STREAMS} streams at once, one event at a time each`,
    count: STREAMS * each,
    journal: (round) => inStreams((n) => one(`b${round}-${n}`, each)),
    conditional: (round) => inStreams((n) => raw.conditional(`b${round}-${n}`, each)),
    plain: (round) => inStreams((n) => raw.plain(`b${round}-${n}`, each)),
    target: 0.8,
  },
  {
    what: `a room that ${PEOPLE} people write to at once`,
    count: PEOPLE * each,
    journal: talk,
    conditional: (round) => raw.conditional(`c${round}`, PEOPLE * each, PEOPLE),
  },
  {
    what: `reading ${events.toLocaleString('en')} events`,
    count: events,
    journal: replay,
    conditional: () => raw.replay('long', events),
  },
];

async function perSecond(count: number, action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return count / ((performance.now() - began) / 1000);
}

async function measure({ what, count, target, ...contenders }: Row): Promise<string[]> {
  const { journal, conditional, plain } = contenders;
  const rates = { journal: [] as number[], conditional: [] as number[], plain: [] as number[] };
  // In turns, so that a change of the machine's mood hits all; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [who, action] of Object.entries({ journal, conditional, plain })) {
      if (action === undefined) continue;
      const rate = await perSecond(count, () => action(round));
      if (round > 0) rates[who as keyof typeof rates].push(rate);
    }
  }
  const median = (of: readonly number[]) => percentile(of, 0.5);
  const shown = (of: readonly number[]) => (of.length === 0 ? '–' : `${Math.round(median(of))}/s`);
  const ratio = (to: readonly number[]) =>
    to.length === 0 ? null : median(rates.journal.map((rate, round) => rate / to[round]!));
  const [toConditional, toPlain] = [ratio(rates.conditional)!, ratio(rates.plain)];
  return [
    what,
    shown(rates.journal),
    shown(rates.conditional),
    toConditional.toFixed(2),
    target === undefined ? '–' : `${target}${toConditional >= target ? '' : ', **not reached**'}`,
    shown(rates.plain),
    toPlain?.toFixed(2) ?? '–',
  ];
}

for (let head = 0; head < events; ) {
  const batch = Array<unknown>(Math.min(EVENTS_OF_A_BATCH, events - head)).fill(event);
  head = await journal.append('long', batch, head);
}
const head = ['events a second', 'journal', 'driver', 'ratio', 'target', 'plain insert', 'ratio'];
const rows: string[][] = [];
for (const row of ROWS) {
  rows.push(await measure(row));
  console.log(rows.at(-1)!.join(' | '));
}
const perWrite = ((rounds + 1) * PEOPLE * each) / writes;
const section = [
  writtenBy(['npm run bench:cassandra --', ...process.argv.slice(2)].join(' ')),
  table(head, rows),
  `The busy room wrote ${perWrite.toFixed(0)} events at a time.`,
].join('\n\n');
console.log(`\n${section}`);
if (isReported) await writeSection('performance.md', 'cassandra', section);
await system.terminate();

// What three nodes on this machine hold: idle sockets and their memory, people who talk and how long
// it takes, and the same for half an hour with an eye on memory. The clients share the machine.
import { parseArgs } from 'node:util';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import type { TestCluster } from '../tests/harness/Driver.ts';
import { fresh, Login } from '../tests/harness/Login.ts';
import { processes } from '../tests/harness/processes.ts';
import { chosen, OptionError, optionsOf, whole } from './commandLine.ts';
import { Crowd } from './load/Crowd.ts';
import { LiveHeap } from './load/LiveHeap.ts';
import { settledUsage, type Usage, usageOf } from './load/nodes.ts';
import { percentile } from './percentile.ts';

const TEXT = 'x'.repeat(100);
const SAMPLE_EVERY_MS = 10_000;
/** How far a soak may grow from its first third, in which everything is used for the first time, to its end. */
const MAX_GROWTH = 0.1;
const THIRDS = 3;
/** So many people come first when more are to be idle, and are measured by themselves. */
const FIRST_IDLE = 2000;

const kb = (bytes: number) => (bytes / 1024).toFixed(1);
const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
const ms = (value: number) => value.toFixed(1);

/** One third of a soak. */
interface Third {
  /** The most there was, of all nodes together: in between it follows the garbage collector. */
  readonly residentBytes: number;
  /** At its end. */
  readonly liveHeapBytes: number;
  /** Messages that had not come to everybody yet, in the median. */
  readonly waiting: number;
}

interface Result {
  readonly text: string;
  /** What speaks against it; nothing when all is well. */
  readonly troubles: readonly string[];
}

const USAGE = `npm run load -- idle [--clients 10000]
npm run load -- active [--clients 1000 --room-size 20 --rate 200 --seconds 60]
npm run load -- soak [--clients 300 --room-size 20 --rate 60 --minutes 30]

--rate: messages a second, of all together. --report writes the figures into docs/reliability.md.`;

const KINDS = {
  idle: { run: idle, clients: '10000', rate: '1' },
  active: { run: active, clients: '1000', rate: '200' },
  soak: { run: soak, clients: '300', rate: '60' },
};

const { kind, clients, roomSize, rate, seconds, minutes, isReported } = optionsOf(USAGE, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      clients: { type: 'string' },
      'room-size': { type: 'string', default: '20' },
      rate: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      minutes: { type: 'string', default: '30' },
      report: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== 1) throw new OptionError('One kind of load at a time.');
  const [kind] = chosen(Object.keys(KINDS), positionals) as (keyof typeof KINDS)[];
  return {
    kind: kind!,
    clients: whole('clients', values.clients ?? KINDS[kind!].clients),
    roomSize: whole('room-size', values['room-size']),
    rate: whole('rate', values.rate ?? KINDS[kind!].rate),
    seconds: whole('seconds', values.seconds),
    minutes: whole('minutes', values.minutes),
    isReported: values.report,
  };
});

const roomOf = (guest: number) => `room-${Math.floor(guest / roomSize)}`;

async function idle(cluster: TestCluster): Promise<Result> {
  using crowds = new DisposableStack();
  const before = await settledUsage(cluster);
  const rows: unknown[][] = [];
  const troubles: string[] = [];
  let here = 0;
  for (const people of clients > FIRST_IDLE ? [FIRST_IDLE, clients] : [clients]) {
    const began = performance.now();
    const crowd = crowds.use(await Crowd.arrive(cluster, people - here, roomOf, here));
    const took = performance.now() - began;
    const after = await settledUsage(cluster);
    const per = (of: (usage: Usage) => number) => kb((of(after) - of(before)) / people);
    crowd.say(TEXT, performance.now());
    await crowd.quiet();
    troubles.push(...troublesOf(crowd));
    rows.push([
      people,
      `${(took / 1000).toFixed(1)} s for ${people - here}`,
      `${per((usage) => usage.residentBytes)} KiB`,
      `${per((usage) => usage.heapBytes)} KiB`,
      `${mb(after.residentBytes)} MiB`,
    ]);
    here = people;
  }
  const head = ['people', 'connected in', 'memory each (resident)', 'of it heap', 'all nodes'];
  return { text: table(head, rows), troubles };
}

async function active(cluster: TestCluster): Promise<Result> {
  using crowd = await Crowd.arrive(cluster, clients, roomOf);
  await crowd.talk(TEXT, rate, Math.min(10, seconds) * 1000); // warm-up
  await crowd.quiet();
  crowd.toAck.length = 0;
  crowd.toLast.length = 0;
  const [cpuBefore, deliveredBefore, began] = [
    await usageOf(cluster),
    crowd.deliveries,
    performance.now(),
  ];
  await crowd.talk(TEXT, rate, seconds * 1000);
  await crowd.quiet();
  const took = (performance.now() - began) / 1000;
  const cpu = (await usageOf(cluster)).cpuSeconds - cpuBefore.cpuSeconds;
  const delivered = crowd.deliveries - deliveredBefore;
  const head = ['from when it was due', 'p50', 'p99', 'p99.9', 'max'];
  const row = (name: string, of: readonly number[]) => [
    name,
    ...[0.5, 0.99, 0.999, 1].map((share) => `${ms(percentile(of, share))} ms`),
  ];
  const rows = [row('to the ack', crowd.toAck), row('to the last of the room', crowd.toLast)];
  const text = [
    `${clients} people in rooms of ${roomSize}, ${rate} messages a second for ${seconds} s: ` +
      `${Math.round(delivered / took)} deliveries a second, ` +
      `${((cpu / delivered) * 1e6).toFixed(0)} µs of the nodes' CPU for each.`,
    table(head, rows),
  ].join('\n\n');
  return { text, troubles: [...troublesOf(crowd), ...(await lost(cluster, crowd))] };
}

async function soak(cluster: TestCluster): Promise<Result> {
  using crowd = await Crowd.arrive(cluster, clients, roomOf);
  const before = await usageOf(cluster);
  const thirds: Third[] = [];
  while (thirds.length < THIRDS) thirds.push(await third(cluster, crowd));
  await crowd.quiet();
  const after = await usageOf(cluster);
  const row = (name: string, show: (value: number) => string, of: (one: Third) => number) => {
    const values = thirds.map(of);
    return { name, cells: [name, ...values.map(show)], growth: values.at(-1)! / values[0]! - 1 };
  };
  const mib = (bytes: number) => `${mb(bytes)} MiB`;
  const heap = row('heap in use after a collection', mib, (one) => one.liveHeapBytes);
  const resident = row('resident memory, most', mib, (one) => one.residentBytes);
  const queue = row('messages on their way, median', String, (one) => one.waiting);
  const troubles = [...troublesOf(crowd), ...(await lost(cluster, crowd))];
  for (const { name, growth } of [heap, resident]) {
    if (growth > MAX_GROWTH) troubles.push(`${name}: grew by ${(growth * 100).toFixed(0)} %`);
  }
  // Before, nodes told each other of what the other one did not have yet.
  const lostBetween = after.lost - before.lost;
  if (lostBetween > 0) troubles.push(`${lostBetween} messages between actors were lost`);
  const text = [
    `${clients} people in rooms of ${roomSize}, ${rate} messages a second for ${minutes} minutes: ` +
      `${crowd.toAck.length} messages acked, ${crowd.deliveries} delivered. All nodes together:`,
    table(
      ['', 'first third', 'second third', 'last third'],
      [heap.cells, resident.cells, queue.cells],
    ),
  ].join('\n\n');
  return { text, troubles };
}

async function third(cluster: TestCluster, crowd: Crowd): Promise<Third> {
  const resident: number[] = [];
  const waiting: number[] = [];
  const end = performance.now() + (minutes * 60_000) / THIRDS;
  while (performance.now() < end) {
    await crowd.talk(TEXT, rate, SAMPLE_EVERY_MS);
    resident.push((await usageOf(cluster)).residentBytes);
    waiting.push(crowd.waiting);
    console.log(`${mb(resident.at(-1)!)} MiB resident, ${waiting.at(-1)} on their way`);
  }
  const liveHeapBytes = await liveHeap.of(cluster);
  console.log(`${mb(liveHeapBytes)} MiB of heap in use`);
  return { residentBytes: Math.max(...resident), liveHeapBytes, waiting: percentile(waiting, 0.5) };
}

function troublesOf(crowd: Crowd): string[] {
  return [...crowd.troubles].map(([what, times]) => `${what}: ${times} times`);
}

/** Acked messages that the history does not have. */
async function lost(cluster: TestCluster, crowd: Crowd): Promise<string[]> {
  const reader = await Login.as(fresh('reader'), cluster.nodes[0]!);
  const missing: string[] = [];
  for (const [room, ids] of crowd.acked) {
    const kept = new Set((await reader.allOf(room)).map(({ id }) => id));
    missing.push(...ids.filter((id) => !kept.has(id)));
  }
  return missing.length === 0 ? [] : [`${missing.length} acked messages are not in the history`];
}

const liveHeap = new LiveHeap();
await using cluster = await processes.startCluster(3, kind === 'soak' ? liveHeap.options : {});
const { text, troubles } = await KINDS[kind].run(cluster);
const verdict =
  troubles.length === 0 ? 'No error, no closed socket, no lost message.' : troubles.join('; ');
const command = ['npm run load --', ...process.argv.slice(2)].join(' ');
const section = [writtenBy(command), text, verdict].join('\n\n');
console.log(section);
if (isReported) await writeSection('reliability.md', `load ${kind}`, section);
process.exitCode = troubles.length === 0 ? 0 : 1;

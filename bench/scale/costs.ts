// What a person, a message and a delivery cost three nodes, from their own counters of processor time and
// memory: the inputs of the model.
import { setTimeout as delay } from 'node:timers/promises';
import type { TestCluster } from '../../tests/harness/Driver.ts';
import { processes } from '../../tests/harness/processes.ts';
import { Crowd } from '../load/Crowd.ts';
import { settledUsage, usageOf } from '../load/nodes.ts';

const PEOPLE = 900;
const SMALL_ROOM = 3;
const LARGE_ROOM = 30;
const RATE = 60;
const MEASURE_MS = 20_000;
const WARM_UP_MS = 5000;
const TEXT = 'x'.repeat(100);

export interface Costs {
  /** Of memory, resident: somebody who is connected, with a session and a share of a room. */
  readonly bytesPerPerson: number;
  /** Of one node that nobody uses. */
  readonly bytesPerNode: number;
  /** Seconds of processor time per second: the same. */
  readonly perNodeSecond: number;
  /** Seconds of processor time: a connected person, per second. */
  readonly perPersonSecond: number;
  /** The same for a message, from the socket to the journal and the ack. */
  readonly perMessage: number;
  /** And for each socket that it comes to. */
  readonly perDelivery: number;
}

export async function measureCosts(): Promise<Costs> {
  const small = await inRoomsOf(SMALL_ROOM);
  const large = await inRoomsOf(LARGE_ROOM);
  const perDelivery = (large.perMessage - small.perMessage) / (LARGE_ROOM - SMALL_ROOM);
  return {
    bytesPerPerson: (small.bytesPerPerson + large.bytesPerPerson) / 2,
    bytesPerNode: small.bytesPerNode,
    perNodeSecond: (small.perNodeSecond + large.perNodeSecond) / 2,
    perPersonSecond: (small.perPersonSecond + large.perPersonSecond) / 2,
    perMessage: small.perMessage - SMALL_ROOM * perDelivery,
    perDelivery,
  };
}

async function inRoomsOf(size: number) {
  await using cluster = await processes.startCluster(3);
  const empty = await settledUsage(cluster);
  const emptySeconds = await cpuOf(cluster, () => delay(MEASURE_MS));
  using crowd = await Crowd.arrive(cluster, PEOPLE, (i) => `room-${Math.floor(i / size)}`);
  const full = await settledUsage(cluster);
  await delay(MEASURE_MS); // arriving is work for a while after
  const restSeconds = await cpuOf(cluster, () => delay(MEASURE_MS));
  await crowd.talk(TEXT, RATE, WARM_UP_MS);
  await crowd.quiet();
  let messages = 0;
  const talkSeconds = await cpuOf(cluster, async () => {
    messages = await crowd.talk(TEXT, RATE, MEASURE_MS);
    await crowd.quiet();
  });
  const perSecond = (seconds: number) => seconds / (MEASURE_MS / 1000);
  return {
    bytesPerPerson: (full.residentBytes - empty.residentBytes) / PEOPLE,
    bytesPerNode: empty.residentBytes / cluster.nodes.length,
    perNodeSecond: perSecond(emptySeconds) / cluster.nodes.length,
    perPersonSecond: perSecond(restSeconds - emptySeconds) / PEOPLE,
    perMessage: (talkSeconds - restSeconds) / messages,
  };
}

/** Processor time of all nodes meanwhile, in seconds. */
async function cpuOf(cluster: TestCluster, meanwhile: () => Promise<unknown>): Promise<number> {
  const before = await usageOf(cluster);
  await meanwhile();
  return (await usageOf(cluster)).cpuSeconds - before.cpuSeconds;
}

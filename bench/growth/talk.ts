// The chat itself, with more and more of one thing.
import { setTimeout as delay } from 'node:timers/promises';
import { processes } from '../../tests/harness/processes.ts';
import { Crowd } from '../load/Crowd.ts';
import { settledUsage, usageOf } from '../load/nodes.ts';
import { percentile } from '../percentile.ts';

export interface Series {
  /** A sentence above the table. */
  readonly title: string;
  readonly head: readonly string[];
  /** One row after the other. */
  measure(): AsyncIterable<readonly (string | number)[]>;
}

const TEXT = 'x'.repeat(100);
const WARM_UP_MS = 3000;
const MEASURE_MS = 10_000;
const REST_MS = 10_000;

const us = (seconds: number) => `${Math.round(seconds * 1e6)} µs`;
const ms = (value: number) => `${value.toFixed(1)} ms`;
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

interface Talk {
  readonly nodes: number;
  readonly people: number;
  readonly roomSize: number;
  /** Messages a second, of all together. */
  readonly rate: number;
}

/** Processor time of all nodes for a message and for a delivery, in seconds, and milliseconds to the ack. */
async function talk({ nodes, people, roomSize, rate }: Talk) {
  await using cluster = await processes.startCluster(nodes);
  using crowd = await Crowd.arrive(cluster, people, (i) => `room-${Math.floor(i / roomSize)}`);
  await crowd.talk(TEXT, rate, WARM_UP_MS);
  await crowd.quiet();
  crowd.toAck.length = 0;
  const [before, delivered] = [await usageOf(cluster), crowd.deliveries];
  const messages = await crowd.talk(TEXT, rate, MEASURE_MS);
  await crowd.quiet();
  const cpu = (await usageOf(cluster)).cpuSeconds - before.cpuSeconds;
  const toAck = [0.5, 0.99].map((share) => ms(percentile(crowd.toAck, share)));
  return {
    perMessage: us(cpu / messages),
    perDelivery: us(cpu / (crowd.deliveries - delivered)),
    toAck,
  };
}

const TO_ACK = ['to the ack, p50', 'p99'];

export const rooms: Series = {
  title: 'More rooms, of three people each; 60 messages a second in all:',
  head: ['rooms', 'processor time, a message', ...TO_ACK],
  async *measure() {
    for (const count of [1, 10, 100, 1000]) {
      const of = { nodes: 3, people: 3 * count, roomSize: 3, rate: 60 };
      const { perMessage, toAck } = await talk(of);
      yield [count, perMessage, ...toAck];
    }
  },
};

export const nodes: Series = {
  title: 'More nodes for 300 people in rooms of 10; 60 messages a second in all:',
  head: ['nodes', 'processor time, a delivery', ...TO_ACK],
  async *measure() {
    for (const count of [1, 2, 3, 4, 6]) {
      const of = { nodes: count, people: 300, roomSize: 10, rate: 60 };
      const { perDelivery, toAck } = await talk(of);
      yield [count, perDelivery, ...toAck];
    }
  },
};

export const hotRoom: Series = {
  title: '200 people and 60 messages a second, in many rooms or in one:',
  head: ['rooms', 'people in a room', 'processor time, a delivery', ...TO_ACK],
  async *measure() {
    for (const roomSize of [2, 20, 200]) {
      const { perDelivery, toAck } = await talk({ nodes: 3, people: 200, roomSize, rate: 60 });
      yield [200 / roomSize, roomSize, perDelivery, ...toAck];
    }
  },
};

export const people: Series = {
  title: 'More people who are connected, in rooms of ten, and silent:',
  head: ['people', 'memory each (resident)', 'processor time each, a second'],
  async *measure() {
    for (const count of [10, 100, 1000, 10_000]) {
      await using cluster = await processes.startCluster(3);
      const empty = await settledUsage(cluster);
      using crowd = await Crowd.arrive(cluster, count, (i) => `room-${Math.floor(i / 10)}`);
      const full = await settledUsage(cluster);
      await delay(REST_MS);
      const rested = await usageOf(cluster);
      const seconds = (rested.cpuSeconds - full.cpuSeconds) / (REST_MS / 1000);
      const bytes = full.residentBytes - empty.residentBytes;
      yield [crowd.size, kib(bytes / crowd.size), us(seconds / crowd.size)];
    }
  },
};

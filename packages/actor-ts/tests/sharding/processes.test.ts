import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../src/testkit/until.ts';
import { freePorts, ProcessCluster, type ProcessNode } from './ProcessCluster.ts';

/** Every id is asked once a second from every node; so long we watch. */
const WATCH_MS = 2500;
/** Answers to the last asks of a window may take so long. */
const ASK_TIMEOUT_MS = 2000;
const TRIALS = Number(process.env.SHARDING_TRIALS ?? 1);

interface Trio {
  /** With the same seed list; the first one leads. */
  readonly nodes: readonly [ProcessNode, ProcessNode, ProcessNode];
  readonly seeds: readonly number[];
  /** For a fourth node: below all others, and above them. */
  readonly spare: readonly [number, number];
}

async function startThree(cluster: ProcessCluster): Promise<Trio> {
  const [lowest, a, b, c, highest] = await freePorts(5);
  const seeds = [a!, b!, c!];
  const first = await cluster.add(a!, seeds);
  const [second, third] = await Promise.all([cluster.add(b!, seeds), cluster.add(c!, seeds)]);
  await cluster.settled();
  await until(
    async () => {
      const { twice, unavailable, asks } = await cluster.verdict(Date.now() - 1500);
      return asks > 100 && twice.length === 0 && unavailable.length === 0;
    },
    { what: 'quiet operation', timeoutMs: 15_000, everyMs: 250 },
  );
  return { nodes: [first, second!, third!], seeds, spare: [lowest!, highest!] };
}

/** From five seconds after an event on, every id answers everywhere, from one process. A start is one once the node runs. */
async function expectOrder(cluster: ProcessCluster, eventAt: number): Promise<void> {
  const from = eventAt + 5000;
  await delay(Math.max(0, from + WATCH_MS + ASK_TIMEOUT_MS - Date.now()));
  const verdict = await cluster.verdict(from);
  expect(verdict.asks).toBeGreaterThan(cluster.nodes.length * 60);
  expect({ twice: verdict.twice, unavailable: verdict.unavailable }).toEqual({
    twice: [],
    unavailable: [],
  });
}

const trials = Array.from({ length: TRIALS }, (_, i) => i + 1);

describe.concurrent.each(trials)(
  'five seconds later every entity answers, from one process (trial %i)',
  () => {
    test('after a worker was killed and restarted on its port', async () => {
      await using cluster = new ProcessCluster();
      const { nodes, seeds } = await startThree(cluster);
      const worker = nodes[2];
      await cluster.kill(worker);
      await cluster.add(worker.settings.port, seeds);
      await expectOrder(cluster, Date.now());
      await cluster.settled();
    }, 60_000);

    test('after the leader was killed and restarted with its first settings', async () => {
      await using cluster = new ProcessCluster();
      const { nodes, seeds } = await startThree(cluster);
      const leader = nodes[0];
      await cluster.kill(leader);
      await cluster.add(leader.settings.port, seeds);
      await expectOrder(cluster, Date.now());
      await cluster.settled();
    }, 60_000);

    test('after the leader was killed and restarted with its peers as seeds', async () => {
      await using cluster = new ProcessCluster();
      const { nodes, seeds } = await startThree(cluster);
      const leader = nodes[0];
      await cluster.kill(leader);
      await cluster.add(leader.settings.port, seeds.slice(1));
      await expectOrder(cluster, Date.now());
      await cluster.settled();
    }, 60_000);

    test('after a node has been killed for good', async () => {
      await using cluster = new ProcessCluster();
      const { nodes } = await startThree(cluster);
      await cluster.kill(nodes[0]);
      await expectOrder(cluster, Date.now());
    }, 60_000);

    test.each([
      ['lower', 0],
      ['higher', 1],
    ])(
      'after a fourth node with a %s address joined, and it has its share',
      async (_, index) => {
        await using cluster = new ProcessCluster();
        const { seeds, spare } = await startThree(cluster);
        const fourth = await cluster.add(spare[index]!, seeds);
        const at = Date.now();
        await expectOrder(cluster, at);
        const answers = await fourth.report(at + 5000);
        const own = new Set(answers.filter(({ by }) => by === fourth.pid).map(({ id }) => id));
        expect(own.size).toBeGreaterThan(5);
      },
      60_000,
    );

    test.each([
      ['a worker', 2, 3500],
      ['a worker', 2, 8000],
      ['the leader', 0, 8000],
    ])(
      'after %s (%i) was stopped for %i ms',
      async (_, index, stoppedMs) => {
        await using cluster = new ProcessCluster();
        const { nodes } = await startThree(cluster);
        const node = nodes[index]!;
        node.signal('SIGSTOP');
        await delay(stoppedMs);
        node.signal('SIGCONT');
        await expectOrder(cluster, Date.now());
        await cluster.settled();
      },
      60_000,
    );
  },
);

describe.concurrent.each(trials)('a graceful leave (trial %i)', () => {
  test.each([
    ['a worker', 2],
    ['the leader', 0],
  ])(
    'of %s loses no ask at all',
    async (_, index) => {
      await using cluster = new ProcessCluster();
      const { nodes } = await startThree(cluster);
      const at = Date.now();
      await cluster.leave(nodes[index]!);
      await delay(WATCH_MS + ASK_TIMEOUT_MS);
      const { unavailable, asks } = await cluster.verdict(at);
      expect(unavailable).toEqual([]);
      expect(asks).toBeGreaterThan(120);
    },
    60_000,
  );
});

// What the nodes use, by their own metrics.
import { setTimeout as delay } from 'node:timers/promises';
import type { TestCluster, TestNode } from '../../tests/harness/Driver.ts';

const SETTLE_EVERY_MS = 2000;
const SETTLE_WITHIN_MS = 60_000;
/** Memory that changes by less than this share in one look is settled. */
const SETTLED_SHARE = 0.01;

export interface Usage {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly cpuSeconds: number;
  /** Messages that found no recipient, or could not be sent. */
  readonly lost: number;
}

/** Of all nodes together. */
export async function usageOf(cluster: TestCluster): Promise<Usage> {
  const all = await Promise.all(cluster.nodes.map(usageOfNode));
  const sum = (of: (usage: Usage) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    residentBytes: sum((one) => one.residentBytes),
    heapBytes: sum((one) => one.heapBytes),
    cpuSeconds: sum((one) => one.cpuSeconds),
    lost: sum((one) => one.lost),
  };
}

/** As soon as memory does not change any more, or after a minute. */
export async function settledUsage(cluster: TestCluster): Promise<Usage> {
  const deadline = performance.now() + SETTLE_WITHIN_MS;
  for (let before = await usageOf(cluster); ; ) {
    await delay(SETTLE_EVERY_MS);
    const now = await usageOf(cluster);
    const change = Math.abs(now.residentBytes - before.residentBytes);
    if (change < SETTLED_SHARE * before.residentBytes || performance.now() > deadline) return now;
    before = now;
  }
}

async function usageOfNode(node: TestNode): Promise<Usage> {
  const text = await (await fetch(`${node.management}/metrics`)).text();
  const value = (name: string) => {
    const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
    if (found === null) throw new Error(`${node.management}/metrics has no ${name}`);
    return Number(found[1]);
  };
  return {
    residentBytes: value('process_resident_memory_bytes'),
    heapBytes: value('nodejs_heap_size_used_bytes'),
    cpuSeconds: value('process_cpu_seconds_total'),
    lost: value('actor_ts_dead_letters_total') + value('actor_ts_remote_lost_total'),
  };
}

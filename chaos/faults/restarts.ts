// All nodes are started anew: one after the other, as for an update, or all at once.
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './Fault.ts';

const ALL_GONE_MS = 500;

const rolling: Fault = {
  name: 'rolling-restart',
  on: 'all',
  lastsMs: [15_000, 20_000],
  needs: () => null,
  async begin({ cluster }) {
    for (const node of cluster.nodes) {
      await node.stop();
      await node.start();
    }
    return async () => undefined;
  },
};

const full: Fault = {
  name: 'full-restart',
  on: 'all',
  lastsMs: [10_000, 12_000],
  needs: () => null,
  async begin({ cluster: { nodes }, random }) {
    await Promise.all(nodes.map((node) => (random() < 0.5 ? node.kill() : node.stop())));
    await delay(ALL_GONE_MS);
    await Promise.all(nodes.map((node) => node.start()));
    return async () => undefined;
  },
};

export const restarts: readonly Fault[] = [rolling, full];

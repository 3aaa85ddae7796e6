// What pub/sub carries is lost: that is when sessions have to get messages from the history.
import type { Fault } from './Fault.ts';

/** As long as chaos/node.ts loses news after the signal. */
const LOSING_MS = 8000;

export const news: readonly Fault[] = [
  {
    name: 'lost-news',
    on: 'all',
    isBeside: true,
    isNeeded: true,
    lastsMs: [LOSING_MS, LOSING_MS],
    needs: () => null,
    async begin({ cluster }) {
      const running = cluster.nodes.filter((node) => node.isRunning);
      await Promise.all(running.map((node) => node.signal('SIGHUP')));
      return async () => undefined;
    },
  },
];

// What pub/sub carries is lost: that is when sessions have to get messages from the history.
import type { TestNode } from '../../tests/harness/Driver.ts';
import type { Fault } from './Fault.ts';

/** As long as chaos/node.ts loses news after the signal. */
const LOSING_MS = 8000;
const ANSWER_WITHIN_MS = 1000;

export const news: readonly Fault[] = [
  {
    name: 'lost-news',
    on: 'all',
    isBeside: true,
    isNeeded: true,
    lastsMs: [LOSING_MS, LOSING_MS],
    needs: () => null,
    async begin({ cluster }) {
      await Promise.all(
        cluster.nodes.map(async (node) => {
          if (await isReady(node)) await node.signal('SIGHUP');
        }),
      );
      return async () => undefined;
    },
  },
];

/** A node that is just starting does not listen for the signal yet, and would die of it. */
async function isReady({ management }: TestNode): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    return (await fetch(`${management}/ready`, { signal })).ok;
  } catch {
    return false; // it is away, as another fault wants it
  }
}

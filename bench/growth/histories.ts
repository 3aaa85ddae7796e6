// One room with a longer and longer history: what it costs to wake it, and to read in it.
import type { JournalData } from '../../tests/harness/JournalData.ts';
import { Login } from '../../tests/harness/Login.ts';
import { processes } from '../../tests/harness/processes.ts';
import { percentile } from '../percentile.ts';
import type { Series } from './talk.ts';

const LENGTHS = [10, 1000, 100_000, 1_000_000];
const AT_ONCE = 10_000;
const PAGES = 50;
const ROOM = 'long';
const TEXT = 'x'.repeat(100);

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export const histories: Series = {
  title:
    'A longer history of one room, on one node: its first answer when all of it has to be read, and when ' +
    'there is a snapshot, as there is after every 1,000 messages; then its pages:',
  head: ['messages', 'woken without a snapshot', 'with one', 'newest page', 'a page in the middle'],
  async *measure() {
    for (const length of LENGTHS) {
      await using cluster = await processes.startCluster(1);
      const [node] = cluster.nodes as [(typeof cluster.nodes)[0]];
      await write(cluster.data, length);
      const reader = await Login.as('reader', node);
      const newest = () => reader.call('GET', `/rooms/${ROOM}/messages?limit=50`);
      const all = await timeOf(newest);
      await reader.post(ROOM, 'one-more', TEXT); // after it a snapshot is due
      await node.stop();
      await node.start();
      const withSnapshot = await timeOf(newest);
      const middle = `/rooms/${ROOM}/messages?limit=50&before=${Math.ceil(length / 2)}`;
      const pages = [await medianOf(newest), await medianOf(() => reader.call('GET', middle))];
      yield [length.toLocaleString('en-US'), ...[all, withSnapshot, ...pages].map(ms)];
    }
  },
};

async function write(data: JournalData, length: number): Promise<void> {
  for (let written = 0; written < length; written += AT_ONCE) {
    await data.append(`room-${ROOM}`, (head) =>
      Array.from({ length: Math.min(AT_ONCE, length - written) }, (_, i) => {
        const seq = head + 1 + i;
        const at = new Date().toISOString();
        return { kind: 'posted', message: { seq, id: `m${seq}`, from: 'ann', text: TEXT, at } };
      }),
    );
  }
}

/** Milliseconds until it is answered with 200; a room that is still waking answers 503. */
async function timeOf(ask: () => Promise<{ status: number }>): Promise<number> {
  const began = performance.now();
  while ((await ask()).status !== 200);
  return performance.now() - began;
}

async function medianOf(ask: () => Promise<{ status: number }>): Promise<number> {
  const times: number[] = [];
  while (times.length < PAGES) times.push(await timeOf(ask));
  return percentile(times, 0.5);
}

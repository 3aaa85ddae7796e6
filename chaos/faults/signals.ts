// A node is killed, asked to go, frozen for a while, or busy with nothing but itself.
import { setTimeout as delay } from 'node:timers/promises';
import type { TestNode } from '../../tests/harness/Driver.ts';
import { nodeNamed, type Stage } from '../Stage.ts';
import { serverOf } from './database.ts';
import type { Fault } from './Fault.ts';

const always = () => null;
const AWAY_MS = [2000, 8000] as const;
const BLOCKED_MS = 10_000;
/** Others have its rooms by then. */
const STALE_AFTER_S = 15;
const FREEZE_TRIES = 500;
const FREEZE_AGAIN_MS = 30;
const POST_AFTER_MS = 1000;

const kill: Fault = {
  name: 'kill',
  lastsMs: AWAY_MS,
  needs: always,
  async begin(stage, target) {
    const node = nodeNamed(stage, target);
    await node.kill();
    return () => node.start();
  },
};

const stop: Fault = {
  name: 'stop',
  lastsMs: AWAY_MS,
  needs: always,
  async begin(stage, target) {
    const node = nodeNamed(stage, target);
    await node.stop();
    return () => node.start();
  },
};

/** By the time it goes on others have its place, and there are posts at its door that it may not write. */
function pause(seconds: number): Fault {
  return {
    name: `pause-${seconds}s`,
    lastsMs: [seconds * 1000, seconds * 1000],
    on: 'owner',
    isNeeded: seconds === STALE_AFTER_S,
    needs: always,
    prepare: (stage, target) => freeze(stage, nodeNamed(stage, target), false),
    async begin(stage, target) {
      postSoon(stage, target);
      return () => nodeNamed(stage, target).resume();
    },
  };
}

/** In the middle of a transaction: a SQLite file has one write lock, and it is in the frozen hand. */
const pauseWithLock: Fault = {
  name: 'pause-with-lock',
  lastsMs: [5000, 12_000],
  on: 'owner',
  isTotal: true,
  needs: (cluster) => (serverOf(cluster) === null ? null : 'the journal is no file with a lock'),
  prepare: (stage, target) => freeze(stage, nodeNamed(stage, target), true),
  begin: async (stage, target) => () => nodeNamed(stage, target).resume(),
};

/** Freezes the node when it holds the lock of the journal's file, or when it does not. */
async function freeze(
  { cluster, random }: Stage,
  node: TestNode,
  isHolding: boolean,
): Promise<void> {
  for (let tries = 0; tries < FREEZE_TRIES; tries++) {
    await node.pause();
    if (serverOf(cluster) !== null || (await cluster.data.isHeld()) === isHolding) return;
    await node.resume();
    await delay(random() * FREEZE_AGAIN_MS);
  }
  throw new Error(`${node.name} was ${isHolding ? 'never' : 'always'} caught with the lock`);
}

function postSoon(stage: Stage, target: string): void {
  const node = nodeNamed(stage, target);
  const rooms = stage.roomsOn(target);
  setTimeout(() => {
    for (const room of rooms) for (const poster of stage.posters) poster.post(room, node);
  }, POST_AFTER_MS);
}

const block: Fault = {
  name: 'block-10s',
  lastsMs: [BLOCKED_MS, BLOCKED_MS],
  on: 'owner',
  needs: always,
  async begin(stage, target) {
    await nodeNamed(stage, target).signal('SIGUSR2');
    return async () => undefined; // it ends by itself
  },
};

export const signals: readonly Fault[] = [
  kill,
  stop,
  ...[5, 15, 30, 60].map(pause),
  pauseWithLock,
  block,
];

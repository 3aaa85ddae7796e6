// A node is killed, asked to go, frozen for a while, or busy with nothing but itself.
import { nodeNamed, type Stage } from '../Stage.ts';
import type { Fault } from './Fault.ts';

const always = () => null;
const AWAY_MS = [2000, 8000] as const;
const BLOCKED_MS = 10_000;
/** Others have its rooms by then. */
const STALE_AFTER_S = 15;
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
    async begin(stage, target) {
      const node = nodeNamed(stage, target);
      const rooms = stage.roomsOn(target);
      await node.pause();
      postSoon(stage, target, rooms);
      return () => node.resume();
    },
  };
}

function postSoon(stage: Stage, target: string, rooms: readonly string[]): void {
  const node = nodeNamed(stage, target);
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

export const signals: readonly Fault[] = [kill, stop, ...[5, 15, 30, 60].map(pause), block];

// The journal's database is out of reach for all nodes at once.
import { setTimeout as delay } from 'node:timers/promises';
import type { TestCluster } from '../../tests/harness/Driver.ts';
import type { Fault } from './Fault.ts';

/** A database server that a driver runs beside the nodes. */
export interface DatabaseServer {
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Runs a program beside it. @returns what that printed, line by line */
  query(program: string): Promise<string[]>;
}

/** Half of the time it does nothing. */
const SLOW_MS = 150;

export function serverOf(cluster: TestCluster): DatabaseServer | null {
  return (cluster as TestCluster & { database?: DatabaseServer }).database ?? null;
}

const needsServer = (cluster: TestCluster) =>
  serverOf(cluster) === null ? 'the journal is a file: there is no server to stop' : null;

const lock: Fault = {
  name: 'database-lock',
  on: 'all',
  isTotal: true,
  lastsMs: [2000, 4000],
  needs: (cluster) => (serverOf(cluster) === null ? null : 'the journal is no file to lock'),
  async begin({ cluster }) {
    const held = await cluster.data.lock();
    return () => Promise.resolve(held[Symbol.asyncDispose]());
  },
};

const stop: Fault = {
  name: 'database-stop',
  on: 'all',
  isTotal: true,
  lastsMs: [3000, 6000],
  needs: needsServer,
  async begin({ cluster }) {
    const server = serverOf(cluster)!;
    await server.kill();
    return () => server.start();
  },
};

const pause: Fault = {
  name: 'database-pause',
  on: 'all',
  isTotal: true,
  lastsMs: [4000, 8000],
  needs: needsServer,
  async begin({ cluster }) {
    const server = serverOf(cluster)!;
    await server.pause();
    return () => server.resume();
  },
};

const slow: Fault = {
  name: 'database-slow',
  on: 'all',
  needs: needsServer,
  async begin({ cluster }) {
    const server = serverOf(cluster)!;
    let isSlow = true;
    const slowing = (async () => {
      while (isSlow) {
        await server.pause();
        await delay(SLOW_MS);
        await server.resume();
        await delay(SLOW_MS);
      }
    })();
    return () => {
      isSlow = false;
      return slowing;
    };
  },
};

export const database: readonly Fault[] = [lock, stop, pause, slow];

// Where nodes can listen: the loopback, with five ports in a row that are free.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Place } from './protocol.ts';

export interface Network extends AsyncDisposable {
  /** Lowest first; the nodes of the cluster are the middle ones. */
  readonly places: readonly Place[];
  /** The command line that runs `command` at `place`. */
  wrap(place: Place, command: string, args: readonly string[]): [string, string[]];
  /** Drops all that comes from the place or goes there. */
  cut(place: Place): Promise<void>;
  heal(place: Place): Promise<void>;
}

/** Below the range from which systems take ports for outgoing connections. */
const FIRST_PORT = 20_000;
const LAST_PORT = 30_000;
const MAX_TRIES = 100;
const HOST = '127.0.0.1';

/** @throws Error when no such ports are found */
export async function loopback(count: number): Promise<Network> {
  for (let i = 0; i < MAX_TRIES; i++) {
    const first = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const places = Array.from({ length: count }, (_, n) => ({ host: HOST, port: first + n }));
    const free = await Promise.all(places.map(isFree));
    if (free.every(Boolean)) return new Loopback(places);
  }
  throw new Error(`found no ${count} free ports in a row in ${FIRST_PORT}–${LAST_PORT}`);
}

class Loopback implements Network {
  readonly places: readonly Place[];

  constructor(places: readonly Place[]) {
    this.places = places;
  }

  wrap(_place: Place, command: string, args: readonly string[]): [string, string[]] {
    return [command, [...args]];
  }

  async cut(): Promise<void> {
    throw new Error('the loopback cannot be cut');
  }

  async heal(): Promise<void> {
    throw new Error('the loopback cannot be cut');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function isFree({ host, port }: Place): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
  } catch {
    // Taken, or not ours to take: another one will do.
    return false;
  }
  await once(server.close(), 'close');
  return true;
}

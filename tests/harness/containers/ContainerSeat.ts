// A container's seat in the network, for who spoils links: found anew each time, since a container that
// was started again has another namespace and perhaps another address.
import { readFileSync } from 'node:fs';
import { linksMissing } from '../links/missing.ts';
import type { Place, Seat } from '../links/Seat.ts';
import type { Container } from './Container.ts';
import type { EngineNetwork } from './Engine.ts';

export interface SeatNetworks {
  /** Where the others are. */
  readonly peers: EngineNetwork;
  /** Where this machine is the gateway. */
  readonly front?: EngineNetwork;
  readonly database?: EngineNetwork | undefined;
  readonly clusterPort?: number;
}

export class ContainerSeat implements Seat {
  readonly name: string;
  private readonly container: Container;
  private readonly networks: SeatNetworks;

  constructor(name: string, container: Container, networks: SeatNetworks) {
    this.name = name;
    this.container = container;
    this.networks = networks;
  }

  async locate(): Promise<Place | null> {
    const { peers, front, database, clusterPort } = this.networks;
    const found = await this.container.whereabouts();
    const address = found?.in(peers)?.IPAddress;
    if (found === null || !address) return null;
    const outside = front && found.in(front);
    return {
      netns: `/proc/${found.pid}/ns/net`,
      address,
      databaseAddress: database && found.in(database)?.IPAddress,
      outside: outside && { own: outside.IPAddress, machine: outside.Gateway },
      clusterPort,
    };
  }
}

/** Why the network of this container cannot be touched from here; null when it can. */
export async function seatMissing(seat: ContainerSeat): Promise<string | null> {
  const missing = await linksMissing();
  if (missing !== null) return missing;
  const place = await seat.locate();
  if (place === null) return `${seat.name} is not running`;
  const elsewhere = 'the engine runs containers on another machine than this one';
  try {
    // What the process with that id has here is what the container has: then it is the same.
    const addresses = readFileSync(place.netns.replace(/ns\/net$/, 'net/fib_trie'), 'utf8');
    return addresses.includes(place.address) ? null : elsewhere;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return elsewhere;
    throw error;
  }
}

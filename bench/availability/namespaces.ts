// A network that can be cut: every node in a network namespace of its own. Linux, as root.
import { inside } from '../../tests/harness/links/commands.ts';
import { SeatLinks } from '../../tests/harness/links/SeatLinks.ts';
import { NodeNetwork } from '../../tests/harness/namespaces/NodeNetwork.ts';
import type { Network } from './Network.ts';
import type { Place } from './protocol.ts';

const PORT = 2552;

/** @throws Error with what the system's tools said */
export async function namespaces(count: number): Promise<Network> {
  return new Namespaces(await NodeNetwork.make(count, PORT));
}

class Namespaces implements Network {
  readonly places: readonly Place[];
  private readonly network: NodeNetwork;
  private readonly links: SeatLinks;

  constructor(network: NodeNetwork) {
    this.network = network;
    this.places = network.places.map(({ address }) => ({ host: address, port: PORT }));
    this.links = new SeatLinks(
      network.places.map((place) => ({ name: place.address, locate: async () => place })),
    );
  }

  wrap({ host }: Place, command: string, args: readonly string[]): [string, string[]] {
    const { netns } = this.network.places.find(({ address }) => address === host)!;
    return inside(netns, command, ...args);
  }

  cut({ host }: Place): Promise<void> {
    return this.links.cut(host);
  }

  heal({ host }: Place): Promise<void> {
    return this.links.heal(host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network[Symbol.asyncDispose]();
  }
}

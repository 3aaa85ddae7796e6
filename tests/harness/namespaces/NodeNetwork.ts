// A network for nodes that can be spoiled: each in a network namespace of its own, joined by a bridge
// that has one too. A second link for each leads to the machine: clients come that way, and nothing
// that is done to the links of the nodes concerns it. Linux, as root.
import { randomInt } from 'node:crypto';
import { run } from '../links/commands.ts';
import type { Place } from '../links/Seat.ts';
import { fileOf, OUTSIDE, prefixFor, remove, removeAtExit, sweep } from './leftovers.ts';

/** Set aside for tests of networks (RFC 2544): 198.18.0.0 to 198.19.255.255, a subnet a network. */
const SUBNETS = 512;
const MAX_TRIES = 50;
/** Known within the network alone, so all of them may have the same. */
const PEERS = '10.77.0';
const FIRST_PEER = 11;
/** What /30 leaves room for. */
const MAX_NODES = 60;

let networks = 0;

export class NodeNetwork implements AsyncDisposable {
  readonly places: readonly Required<Omit<Place, 'databaseAddress'>>[];
  private readonly prefix: string;
  private readonly subnet: number;
  private readonly size: number;

  /** @throws Error with what the system's tools said */
  static async make(size: number, clusterPort: number): Promise<NodeNetwork> {
    if (size > MAX_NODES) throw new Error(`at most ${MAX_NODES} nodes, got ${size}`);
    if (networks === 0) {
      await sweep();
      removeAtExit();
    }
    const prefix = prefixFor(networks++);
    try {
      await Promise.all(
        namespacesOf(prefix, size).map((name) => run('ip', ['netns', 'add', name])),
      );
      const network = new NodeNetwork(prefix, await claimSubnet(prefix), size, clusterPort);
      await network.connect();
      return network;
    } catch (error) {
      await Promise.all(namespacesOf(prefix, size).map(remove));
      throw error;
    }
  }

  private constructor(prefix: string, subnet: number, size: number, clusterPort: number) {
    this.prefix = prefix;
    this.subnet = subnet;
    this.size = size;
    this.places = Array.from({ length: size }, (_, i) => ({
      netns: fileOf(nodeIn(prefix, i)),
      address: `${PEERS}.${FIRST_PEER + i}`,
      outside: { own: inSubnet(subnet, 4 * i + 2), machine: inSubnet(subnet, 4 * i + 1) },
      clusterPort,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(namespacesOf(this.prefix, this.size).map(remove));
  }

  private async connect(): Promise<void> {
    const bridge = bridgeIn(this.prefix);
    await batch(bridge, ['link add br0 type bridge', 'link set br0 up']);
    for (const [i, { address, outside }] of this.places.entries()) {
      const [name, link] = [nodeIn(this.prefix, i), linkOf(this.subnet, i)];
      if (i > 0) await run('ip', linkTo(name, link));
      await batch(null, [`address add ${outside.machine}/30 dev ${link}`, `link set ${link} up`]);
      await batch(bridge, [
        `link add to${i} type veth peer name peers netns ${name}`,
        `link set to${i} master br0 up`,
      ]);
      await batch(name, [
        'link set lo up',
        `address add ${address}/24 dev peers`,
        'link set peers up',
        `address add ${outside.own}/30 dev ${OUTSIDE}`,
        `link set ${OUTSIDE} up`,
      ]);
    }
  }
}

/** Finds a subnet that nobody uses; with its first link nobody else can claim it. */
async function claimSubnet(prefix: string): Promise<number> {
  for (let i = 0; i < MAX_TRIES; i++) {
    const subnet = randomInt(SUBNETS);
    const used = await run('ip', [
      'route',
      'show',
      'table',
      'all',
      'root',
      `${inSubnet(subnet, 0)}/24`,
    ]);
    if (used !== '') continue;
    try {
      await run('ip', linkTo(nodeIn(prefix, 0), linkOf(subnet, 0)));
      return subnet;
    } catch (error) {
      if (!/File exists/.test((error as Error).message)) throw error;
    }
  }
  throw new Error(`found no free subnet in 198.18.0.0/15 in ${MAX_TRIES} tries`);
}

/** Several of `ip`'s commands, in a namespace or in the machine's own. */
async function batch(namespace: string | null, commands: readonly string[]): Promise<void> {
  const where = namespace === null ? [] : ['-n', namespace];
  await run('ip', [...where, '-batch', '-'], `${commands.join('\n')}\n`);
}

function linkTo(namespace: string, link: string): string[] {
  return ['link', 'add', link, 'type', 'veth', 'peer', 'name', OUTSIDE, 'netns', namespace];
}

function namespacesOf(prefix: string, size: number): string[] {
  return [bridgeIn(prefix), ...Array.from({ length: size }, (_, i) => nodeIn(prefix, i))];
}

function bridgeIn(prefix: string): string {
  return `${prefix}bridge`;
}

function nodeIn(prefix: string, index: number): string {
  return `${prefix}node${index + 1}`;
}

/** At most 15 characters, as the kernel wants. */
function linkOf(subnet: number, index: number): string {
  return `chat${subnet}n${index + 1}`;
}

function inSubnet(subnet: number, host: number): string {
  return `198.${18 + (subnet >> 8)}.${subnet & 255}.${host}`;
}

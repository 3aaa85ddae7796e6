// Seed entries: how they are written, and which addresses they stand for at the moment.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Address } from '../actor/Address.ts';
import { OptionsError } from '../errors.ts';
import type { SeedTarget } from './Joining.ts';
import { compareText } from './Member.ts';

/** All IPv4 addresses of a host name, or its IPv6 ones when it has no other; none when unknown. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface ResolvedSeeds {
  /** Without this node itself. */
  readonly targets: readonly SeedTarget[];
  /** This node's place in the list; null when it is not in it. */
  readonly selfIndex: number | null;
}

/**
 * Entries are written `system@host:port` or `host:port`.
 * @throws OptionsError for anything else, and for a seed of another system
 */
export function parseSeeds(seeds: readonly string[], system: string): Address[] {
  return seeds.map((seed) => {
    let address: Address;
    try {
      address = Address.parse(seed, system);
    } catch (cause) {
      throw new OptionsError(
        `Cluster.join: \`seeds\` takes entries like 'host:port' or '${system}@host:port', got ` +
          JSON.stringify(seed),
        { cause },
      );
    }
    if (address.system !== system) {
      throw new OptionsError(
        `Cluster.join: \`seeds\` has ${JSON.stringify(seed)}, a node of another system; this one ` +
          `is '${system}', and all nodes of a cluster have the same system name`,
      );
    }
    return address;
  });
}

/**
 * A name with one address stands for itself. One with several (a scaled service) stands for a node
 * on each of them; among those the lowest address comes first.
 */
export async function resolveSeeds(
  seeds: readonly Address[],
  self: Address,
  resolve: Resolve,
): Promise<ResolvedSeeds> {
  const targets: SeedTarget[] = [];
  let selfIndex: number | null = null;
  const entries = await Promise.all(
    seeds.map(async (seed) => ({ seed, hosts: await hostsOf(seed, resolve) })),
  );
  entries.forEach(({ seed, hosts }, index) => {
    hosts.forEach((host, place) => {
      const address = new Address(seed.system, host, seed.port);
      const seedIndex = index + place / hosts.length;
      if (address.equals(self)) selfIndex ??= seedIndex;
      else targets.push({ address: address.toString(), seedIndex });
    });
  });
  return { targets, selfIndex };
}

export const resolveByDns: Resolve = async (host) => {
  try {
    const found = await lookup(host, { all: true });
    const v4 = found.filter(({ family }) => family === 4);
    return (v4.length > 0 ? v4 : found).map(({ address }) => address);
  } catch {
    // Not known (yet): probing the name says so to whoever reads the log.
    return [];
  }
};

/** For transports whose hosts are not in the domain name system. */
export const resolveNothing: Resolve = async () => [];

async function hostsOf(seed: Address, resolve: Resolve): Promise<string[]> {
  if (isIP(seed.host.replace(/^\[|\]$/g, '')) !== 0) return [seed.host];
  const addresses = [...new Set(await resolve(seed.host))].sort(compareText);
  if (addresses.length <= 1) return [seed.host];
  return addresses.map((address) => (isIP(address) === 6 ? `[${address}]` : address));
}

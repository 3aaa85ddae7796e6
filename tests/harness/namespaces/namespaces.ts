// The driver that runs nodes as processes of this machine, each in a network namespace of its own, so
// that the network between them can be spoiled.

import type { ClusterOptions, Driver, TestCluster } from '../Driver.ts';
import type { Links } from '../links/Links.ts';
import { linksMissing } from '../links/missing.ts';
import { SeatLinks } from '../links/SeatLinks.ts';
import { startProcesses } from '../processes.ts';
import { NodeNetwork } from './NodeNetwork.ts';

const CLUSTER_PORT = 2551;
const HTTP_PORT = 3000;
const MANAGEMENT_PORT = 8551;

export type LinkedCluster = TestCluster & { readonly links: Links };

/** @throws Error, as trouble of the machine, when it has no network namespaces for us */
async function startCluster(count: number, options?: ClusterOptions): Promise<LinkedCluster> {
  const missing = await linksMissing();
  if (missing !== null) throw new Error(`INFRA: ${missing}`);
  const network = await NodeNetwork.make(count, CLUSTER_PORT);
  const places = network.places.map(({ netns, address, outside }) => ({
    within: ['nsenter', `--net=${netns}`, '--'],
    // It tells the others its address among them, and listens on the other one for a delayed link.
    cluster: { host: address, bindHost: '0.0.0.0', port: CLUSTER_PORT },
    http: { host: outside.own, port: HTTP_PORT },
    management: { host: outside.own, port: MANAGEMENT_PORT },
  }));
  try {
    const cluster = await startProcesses(places, options);
    const seats = cluster.nodes.map((node, index) => ({
      name: node.name,
      locate: async () => network.places[index]!,
    }));
    const dispose = async () => {
      await cluster[Symbol.asyncDispose]();
      await links[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
    };
    const links = new SeatLinks(seats);
    return { ...cluster, links, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
}

export const namespaces = { startCluster } satisfies Driver;

// The network between the nodes: cut, cut in one direction, slow, losing packets, resetting what is
// connected; or cut between a node and the database.
import type { TestCluster } from '../../tests/harness/Driver.ts';
import { type Links, linksOf } from '../../tests/harness/links/Links.ts';
import type { Fault } from './Fault.ts';

const DELAY_MS = 300;
const LOST_SHARE = 0.05;

function needsLinks({ links }: TestCluster): string | null {
  return typeof links === 'string' ? links : null;
}

function needsDatabase(cluster: TestCluster): string | null {
  const { links } = cluster;
  if (typeof links === 'string') return links;
  return links.hasDatabase ? null : 'the journal is a file: there is no link to a database';
}

function link(
  name: string,
  spoil: (links: Links, node: string) => Promise<void>,
  more: Partial<Fault> = {},
): Fault {
  return {
    name,
    on: 'owner',
    needs: needsLinks,
    async begin({ cluster }, target) {
      const links = linksOf(cluster);
      await spoil(links, target);
      return () => links.heal(target);
    },
    ...more,
  };
}

export const links: readonly Fault[] = [
  link('partition', (all, node) => all.cut(node)),
  link('partition-in', (all, node) => all.cutInbound(node)),
  link('partition-out', (all, node) => all.cutOutbound(node)),
  link('delay', (all, node) => all.delay(node, DELAY_MS)),
  link('loss', (all, node) => all.lose(node, LOST_SHARE)),
  link('reset', (all, node) => all.reset(node), { lastsMs: [500, 1000] }),
  link('partition-database', (all, node) => all.cutFromDatabase(node), { needs: needsDatabase }),
];

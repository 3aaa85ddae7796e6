// What the management endpoints say of a cluster: who is a member, and which entity runs where.
import type { TestNode } from './Driver.ts';

interface Members {
  readonly self: string;
  readonly leader: string | null;
  readonly members: readonly { readonly address: string; readonly status: string }[];
}

interface Shards {
  readonly types?: readonly string[];
  readonly shards?: readonly { readonly node: string; readonly entities: readonly string[] }[];
}

export async function membersOf(node: TestNode): Promise<Members> {
  return (await (await fetch(`${node.management}/cluster/members`)).json()) as Members;
}

/**
 * The names of those of `nodes` on which an entity named after `id` runs, as `asked` sees it: one,
 * or none while it is on its way. What else is in the entity's name is the program's affair.
 */
export async function placesOf(
  type: string,
  id: string,
  asked: TestNode,
  nodes: readonly TestNode[],
): Promise<string[]> {
  const { shards = [] } = await shardsOf(asked, `?type=${type}`);
  const running = nodes.filter((node) => node.isRunning);
  const names = new Map<string, string>();
  for (const node of running) names.set((await membersOf(node)).self, node.name);
  const isOf = new RegExp(`(?<![a-z0-9])${id}(?![\\w-])`); // `room-4` is not `room-41`
  return shards.flatMap(({ node, entities }) =>
    entities.filter((name) => isOf.test(name)).map(() => names.get(node) ?? node),
  );
}

/**
 * Whether, as `asked` sees it, every member that is up has as many shards as any other, give or take
 * one. Then none is moved any more, and what entities hold in memory stays there.
 */
export async function isBalanced(asked: TestNode): Promise<boolean> {
  const members = (await membersOf(asked)).members.filter(({ status }) => status === 'up');
  const { types = [] } = await shardsOf(asked);
  for (const type of types) {
    const { shards = [] } = await shardsOf(asked, `?type=${type}`);
    const loads = members.map(({ address }) => {
      return shards.filter(({ node }) => node === address).length;
    });
    if (Math.max(...loads) - Math.min(...loads) > 1) return false;
  }
  return true;
}

async function shardsOf(asked: TestNode, query = ''): Promise<Shards> {
  return (await (await fetch(`${asked.management}/cluster/shards${query}`)).json()) as Shards;
}

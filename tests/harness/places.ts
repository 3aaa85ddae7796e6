// What the management endpoints say of a cluster: who is a member, and which entity runs where.
import type { TestNode } from './Driver.ts';

interface Members {
  readonly self: string;
  readonly leader: string | null;
  readonly members: readonly { readonly address: string; readonly status: string }[];
}

interface Shards {
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
  const answer = await fetch(`${asked.management}/cluster/shards?type=${type}`);
  const { shards = [] } = (await answer.json()) as Shards;
  const running = nodes.filter((node) => node.isRunning);
  const names = new Map<string, string>();
  for (const node of running) names.set((await membersOf(node)).self, node.name);
  return shards.flatMap(({ node, entities }) =>
    entities.filter((name) => name.includes(id)).map(() => names.get(node) ?? node),
  );
}

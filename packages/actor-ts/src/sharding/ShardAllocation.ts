// Where shards go: least-shards allocation and bounded rebalancing, as pure functions.

/** One shard on its way from a region with many to a region with few. */
export interface Move {
  readonly shard: number;
  readonly from: string;
  readonly to: string;
}

/** How many shards each candidate has; `homes` maps a shard to its node. Other nodes are left out. */
export function loadsOf(
  homes: ReadonlyMap<number, string>,
  candidates: readonly string[],
): Map<string, number> {
  const loads = new Map(candidates.map((node) => [node, 0]));
  for (const node of homes.values()) {
    const load = loads.get(node);
    if (load !== undefined) loads.set(node, load + 1);
  }
  return loads;
}

/** The candidate with the fewest shards, the first of equals; null when there is no candidate. */
export function leastLoaded(loads: ReadonlyMap<string, number>): string | null {
  let best: string | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const [node, load] of loads) {
    if (load < fewest) {
      best = node;
      fewest = load;
    }
  }
  return best;
}

/**
 * At most `limit` moves that bring the candidates nearer to equal loads; none when no two differ by
 * more than one. `homes` must show shards that are already moving at their destination; those in
 * `pinned` are not moved.
 */
export function planRebalance(
  homes: ReadonlyMap<number, string>,
  candidates: readonly string[],
  pinned: ReadonlySet<number>,
  limit: number,
): Move[] {
  const movable = new Map<string, number[]>(candidates.map((node) => [node, []]));
  for (const [shard, node] of homes) {
    if (!pinned.has(shard)) movable.get(node)?.push(shard);
  }
  const loads = loadsOf(homes, candidates);
  const moves: Move[] = [];
  while (moves.length < limit) {
    const to = leastLoaded(loads);
    if (to === null) break;
    const from = mostLoaded(loads, movable);
    if (from === null || loads.get(from)! - loads.get(to)! <= 1) break;
    const shard = movable.get(from)!.pop()!;
    moves.push({ shard, from, to });
    loads.set(from, loads.get(from)! - 1);
    loads.set(to, loads.get(to)! + 1);
  }
  return moves;
}

/** The candidate with the most shards among those that have one to give. */
function mostLoaded(
  loads: ReadonlyMap<string, number>,
  movable: ReadonlyMap<string, readonly number[]>,
): string | null {
  let best: string | null = null;
  let most = -1;
  for (const [node, load] of loads) {
    if (load > most && movable.get(node)!.length > 0) {
      best = node;
      most = load;
    }
  }
  return best;
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leastLoaded, loadsOf, planRebalance } from '../../src/sharding/ShardAllocation.ts';

const nodes = ['a', 'b', 'c', 'd', 'e'];

const cluster = fc.record({
  homes: fc.dictionary(fc.nat(63).map(String), fc.constantFrom(...nodes)),
  candidates: fc.uniqueArray(fc.constantFrom(...nodes), { minLength: 1 }),
  limit: fc.integer({ min: 1, max: 10 }),
  pinned: fc.uniqueArray(fc.nat(63)),
});

function toMap(homes: Record<string, string>): Map<number, string> {
  return new Map(Object.entries(homes).map(([shard, node]) => [Number(shard), node]));
}

function spread(loads: ReadonlyMap<string, number>): number {
  return Math.max(...loads.values()) - Math.min(...loads.values());
}

describe('least-shards allocation', () => {
  test('picks the node with the fewest shards, the first of equals', () => {
    expect(leastLoaded(new Map([['a', 2], ['b', 1], ['c', 1]]))).toBe('b'); // biome-ignore format: short
    expect(leastLoaded(new Map())).toBeNull();
  });

  test('counts only shards of candidates', () => {
    const homes = new Map([[1, 'a'], [2, 'x']]); // biome-ignore format: short
    expect([...loadsOf(homes, ['a', 'b'])]).toEqual([['a', 1], ['b', 0]]); // biome-ignore format: short
  });

  test('giving shards out one by one never unbalances nodes by more than one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(64), (count, shards) => {
        const candidates = nodes.slice(0, count);
        const homes = new Map<number, string>();
        for (let shard = 0; shard < shards; shard++) {
          homes.set(shard, leastLoaded(loadsOf(homes, candidates))!);
        }
        expect(spread(loadsOf(homes, candidates))).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('rebalancing', () => {
  test('moves at most `limit` shards, from where they are, only to candidates, never a pinned one', () => {
    fc.assert(
      fc.property(cluster, ({ homes, candidates, limit, pinned }) => {
        const before = toMap(homes);
        const moves = planRebalance(before, candidates, new Set(pinned), limit);
        expect(moves.length).toBeLessThanOrEqual(limit);
        expect(new Set(moves.map(({ shard }) => shard)).size).toBe(moves.length);
        for (const { shard, from, to } of moves) {
          expect(before.get(shard)).toBe(from);
          expect(candidates).toContain(from);
          expect(candidates).toContain(to);
          expect(pinned).not.toContain(shard);
        }
      }),
    );
  });

  test('ends within one shard of balance after enough rounds, and then leaves everything alone', () => {
    fc.assert(
      fc.property(cluster, ({ homes, candidates, limit }) => {
        const now = toMap(homes);
        for (let round = 0; round < 64; round++) {
          for (const { shard, to } of planRebalance(now, candidates, new Set(), limit)) {
            now.set(shard, to);
          }
        }
        expect(spread(loadsOf(now, candidates))).toBeLessThanOrEqual(1);
        expect(planRebalance(now, candidates, new Set(), limit)).toEqual([]);
      }),
    );
  });

  test('every move narrows the gap', () => {
    fc.assert(
      fc.property(cluster, ({ homes, candidates, limit }) => {
        const loads = loadsOf(toMap(homes), candidates);
        for (const { from, to } of planRebalance(toMap(homes), candidates, new Set(), limit)) {
          expect(loads.get(from)! - loads.get(to)!).toBeGreaterThan(1);
          loads.set(from, loads.get(from)! - 1);
          loads.set(to, loads.get(to)! + 1);
        }
      }),
    );
  });

  test('gives a node that joins three full ones its share', () => {
    const homes = new Map(Array.from({ length: 60 }, (_, shard) => [shard, nodes[shard % 3]!]));
    const moves = planRebalance(homes, ['a', 'b', 'c', 'd'], new Set(), 100);
    expect(moves).toHaveLength(15);
    expect(moves.every(({ to }) => to === 'd')).toBe(true);
  });
});

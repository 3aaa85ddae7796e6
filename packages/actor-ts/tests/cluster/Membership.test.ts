import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rank } from '../../src/cluster/Member.ts';
import {
  digestOf,
  forgetOldTombstones,
  foundCluster,
  fromWire,
  MAX_TOMBSTONES,
  type MembershipState,
  mergeStates,
  TOMBSTONE_TTL_MS,
  toWire,
  withMember,
  withStatus,
} from '../../src/cluster/Membership.ts';
import { describeMembers, keyOf, stateArbitrary, stateOf } from './arbitraries.ts';

/** Members and records, in an order that does not matter. */
function contents(state: MembershipState): unknown {
  const sorted = (map: ReadonlyMap<string, unknown>) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return [sorted(state.members), sorted(state.reachability)];
}

describe('merge', () => {
  test('is commutative', () => {
    fc.assert(
      fc.property(stateArbitrary, stateArbitrary, (a, b) => {
        expect(contents(mergeStates(a, b))).toEqual(contents(mergeStates(b, a)));
      }),
    );
  });

  test('is associative', () => {
    fc.assert(
      fc.property(stateArbitrary, stateArbitrary, stateArbitrary, (a, b, c) => {
        const left = mergeStates(mergeStates(a, b), c);
        const right = mergeStates(a, mergeStates(b, c));
        expect(contents(left)).toEqual(contents(right));
      }),
    );
  });

  test('is idempotent, also after a merge', () => {
    fc.assert(
      fc.property(stateArbitrary, stateArbitrary, (a, b) => {
        expect(contents(mergeStates(a, a))).toEqual(contents(a));
        const merged = mergeStates(a, b);
        expect(contents(mergeStates(merged, b))).toEqual(contents(merged));
      }),
    );
  });

  test('never takes a member back', () => {
    fc.assert(
      fc.property(stateArbitrary, stateArbitrary, (a, b) => {
        const merged = mergeStates(a, b);
        for (const [key, { status }] of a.members) {
          expect(rank(merged.members.get(key)!.status)).toBeGreaterThanOrEqual(rank(status));
        }
      }),
    );
  });

  test('keeps the lower number of two that were assigned', () => {
    const merged = mergeStates(stateOf(['a1 up 3', 'b1 up 0']), stateOf(['a1 up 2', 'b1 up 4']));
    expect(describeMembers(merged)).toEqual(['a1 up 2', 'b1 up 4']);
  });

  test('drops what was said by and about removed members', () => {
    const before = stateOf(['a1 up 1', 'b1 up 2', 'c1 up 3'], ['a1 silent b1', 'b1 silent c1']);
    const merged = mergeStates(before, stateOf(['b1 removed 2']));
    expect([...merged.reachability]).toEqual([]);
  });

  test('takes the newer opinion', () => {
    const old = stateOf(['a1 up 1', 'b1 up 2'], ['a1 silent b1']);
    const [[key, record]] = [...old.reachability] as [[string, never]];
    const newer = {
      ...old,
      reachability: new Map([[key, { ...(record as object), version: 2, opinion: 'reachable' }]]),
    } as unknown as MembershipState;
    for (const merged of [mergeStates(old, newer), mergeStates(newer, old)]) {
      expect(merged.reachability.get(key)?.opinion).toBe('reachable');
    }
  });
});

describe('tombstones', () => {
  const tombstone = (uid: string, removedAt: number) => ({
    node: { address: 'z', uid },
    roles: [],
    status: 'removed' as const,
    upNumber: 0,
    removedAt,
  });

  test('are bounded: the oldest go first', () => {
    let state = foundCluster({ address: 'a', uid: '1' }, [], 0);
    for (let i = 0; i < MAX_TOMBSTONES + 10; i++) {
      state = mergeStates(state, withMember(state, tombstone(`${i}`, i)));
    }
    expect(state.members.size).toBe(MAX_TOMBSTONES + 1);
    expect(state.members.has('z#9')).toBe(false);
    expect(state.members.has('z#10')).toBe(true);
  });

  test('are forgotten after a day', () => {
    const founded = foundCluster({ address: 'a', uid: '1' }, [], 0);
    const state = withMember(founded, tombstone('1', 1000));
    expect(forgetOldTombstones(state, TOMBSTONE_TTL_MS + 1000)).toBe(state);
    expect(forgetOldTombstones(state, TOMBSTONE_TTL_MS + 1001).members.size).toBe(1);
  });

  test('do not count in the digest, members do', () => {
    const state = stateOf(['a1 up 1']);
    expect(digestOf(withMember(state, tombstone('1', 1)))).toBe(digestOf(state));
    expect(digestOf(stateOf(['a1 up 1', 'b1 up 2']))).not.toBe(digestOf(state));
    expect(digestOf(withStatus(state, keyOf('a1'), 'leaving'))).not.toBe(digestOf(state));
  });
});

test('a state survives its journey', () => {
  fc.assert(
    fc.property(stateArbitrary, (state) => {
      expect(contents(fromWire(toWire(state)))).toEqual(contents(state));
      expect(digestOf(fromWire(toWire(state)))).toBe(digestOf(state));
    }),
  );
});

test('a change to a status that was passed changes nothing', () => {
  const state = stateOf(['a1 leaving 1']);
  expect(withStatus(state, keyOf('a1'), 'up')).toBe(state);
  expect(withStatus(state, keyOf('b1'), 'down')).toBe(state);
});

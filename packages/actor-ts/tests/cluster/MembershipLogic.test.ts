import { describe, expect, test } from 'vitest';
import {
  actingLeader,
  admit,
  compareClusters,
  leaderActions,
  leaderOf,
} from '../../src/cluster/MembershipLogic.ts';
import type { ClusterSummary } from '../../src/cluster/messages.ts';
import { describeMembers, keyOf, stateOf } from './arbitraries.ts';

const keys = (names: string) => new Set(names.split(' ').filter(Boolean).map(keyOf));

describe('leader actions', () => {
  test.each([
    // members, unreachable, converged → members
    [['a1 up 1', 'b1 joining'], '', true, ['a1 up 1', 'b1 up 2']],
    [['a1 up 1', 'b1 joining'], '', false, ['a1 up 1', 'b1 joining 0']],
    [['a1 up 1', 'b1 weakly-up'], '', true, ['a1 up 1', 'b1 up 2']],
    [['a1 up 1', 'b1 joining', 'c1 up 2'], 'c1', true, ['a1 up 1', 'b1 weakly-up 0', 'c1 up 2']],
    [['a1 up 1', 'b1 joining'], 'b1', true, ['a1 up 1', 'b1 joining 0']],
    [['a1 up 1', 'b1 leaving 2'], '', false, ['a1 up 1', 'b1 exiting 2']],
    [['a1 up 1', 'b1 exiting 2'], '', false, ['a1 up 1', 'b1 exiting 2']],
    [['a1 up 1', 'b1 exiting 2'], 'b1', false, ['a1 up 1', 'b1 removed 2']],
    [['a1 up 1', 'b1 down 2'], '', false, ['a1 up 1', 'b1 removed 2']],
    [['a1 up 1', 'b1 removed 7', 'c1 joining'], '', true, ['a1 up 1', 'b1 removed 7', 'c1 up 8']],
    [['a1 up 1', 'b1 joining', 'c1 joining'], '', true, ['a1 up 1', 'b1 up 2', 'c1 up 3']],
  ] as const)('%j, unreachable %j, converged %j → %j', (members, unreachable, converged, after) => {
    const next = leaderActions(stateOf(members), keys(unreachable), converged, 5);
    expect(describeMembers(next)).toEqual(after);
  });

  test('without anything to do give the same state', () => {
    const state = stateOf(['a1 up 1', 'b1 up 2']);
    expect(leaderActions(state, new Set(), true, 5)).toBe(state);
  });

  test('write down when a member was removed', () => {
    const next = leaderActions(stateOf(['a1 up 1', 'b1 down 2']), new Set(), true, 77);
    expect(next.members.get(keyOf('b1'))?.removedAt).toBe(77);
  });
});

describe('the leader', () => {
  test.each([
    [['a1 up 3', 'b1 up 1', 'c1 up 2'], '', 'b'],
    [['a1 up 3', 'b1 up 1', 'c1 up 2'], 'b1', 'c'],
    [['a1 up 3', 'b1 down 1', 'c1 leaving 2'], '', 'a'],
    [['a1 up 1', 'b1 up 1'], '', 'a'],
  ] as const)('of %j without %j is %s', (members, unreachable, leader) => {
    expect(leaderOf(stateOf(members), keys(unreachable))?.node.address).toBe(leader);
  });

  test('does not exist while nobody is up, but somebody acts', () => {
    const state = stateOf(['a1 leaving 1', 'b1 joining', 'c1 weakly-up']);
    expect(leaderOf(state, new Set())).toBeNull();
    expect(actingLeader(state, new Set())?.node.address).toBe('a');
    expect(actingLeader(state, keys('a1'))?.node.address).toBe('b');
  });
});

describe('admission', () => {
  test('adds a joining member', () => {
    const next = admit(stateOf(['a1 up 1']), { address: 'b', uid: '1' }, ['chat']);
    expect(describeMembers(next)).toEqual(['a1 up 1', 'b1 joining 0']);
    expect(next.members.get(keyOf('b1'))?.roles).toEqual(['chat']);
  });

  test('gives up the incarnation that lived there before', () => {
    const next = admit(stateOf(['a1 up 1', 'b1 up 2']), { address: 'b', uid: '2' }, []);
    expect(describeMembers(next)).toEqual(['a1 up 1', 'b1 down 2', 'b2 joining 0']);
  });

  test('does not revive a removed incarnation', () => {
    const state = stateOf(['a1 up 1', 'b1 removed 2']);
    expect(admit(state, { address: 'b', uid: '1' }, [])).toBe(state);
  });
});

describe('of two clusters that meet', () => {
  const summary = (change: Partial<ClusterSummary>): ClusterSummary => {
    return { id: 'm', foundedAt: 100, ups: 3, oldest: 1, leader: 'm', ...change };
  };

  test.each([
    ['the larger one', { ups: 4 }],
    ['the older one', { foundedAt: 99 }],
    ['the one with the lower id', { id: 'a' }],
    ['the half with the oldest member', { oldest: 0 }],
    ['of halves with members of one age, the one whose leader comes first', { leader: 'a' }],
  ])('%s stays', (_, change) => {
    expect(compareClusters(summary(change), summary({}))).toBeLessThan(0);
    expect(compareClusters(summary({}), summary(change))).toBeGreaterThan(0);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeKey } from '../../src/cluster/Member.ts';
import { assess, recordKey, watchedBy, withOpinion } from '../../src/cluster/Reachability.ts';
import { keyOf, stateArbitrary, stateOf } from './arbitraries.ts';

const three = ['a1 up 1', 'b1 up 2', 'c1 up 3'];

function standings(accusations: readonly string[], members: readonly string[] = three): string {
  const { standing } = assess(stateOf(members, accusations), keyOf('a1'), 5);
  return [...standing].map(([key, s]) => `${key[0]} ${s}`).join(', ');
}

describe('how members stand', () => {
  test.each([
    ['nobody accuses', [], 'a reachable, b reachable, c reachable'],
    ['one is silent to one', ['a1 silent c1'], 'a reachable, b reachable, c silent'],
    [
      'one is refused to all',
      ['a1 refused c1', 'b1 refused c1'],
      'a reachable, b reachable, c refused',
    ],
    [
      'one is refused to one: perhaps only the link is broken',
      ['a1 refused c1'],
      'a reachable, b reachable, c silent',
    ],
    [
      'one is refused to one and silent to another',
      ['a1 refused c1', 'b1 silent c1'],
      'a reachable, b reachable, c silent',
    ],
    [
      'two are gone for the last one',
      ['a1 refused b1', 'a1 refused c1'],
      'a reachable, b refused, c refused',
    ],
    [
      'two accuse each other: the younger one goes',
      ['b1 silent c1', 'c1 silent b1'],
      'a reachable, b reachable, c cut-off',
    ],
    [
      'one and all others accuse each other',
      ['a1 silent b1', 'b1 silent a1', 'b1 silent c1', 'c1 silent b1'],
      'a reachable, b cut-off, c reachable',
    ],
  ])('%s', (_, accusations, expected) => {
    expect(standings(accusations)).toBe(expected);
  });

  test('who is down neither accuses nor is accused', () => {
    expect(standings(['b1 silent a1', 'a1 silent b1'], ['a1 up 1', 'b1 down 2'])).toBe(
      'a reachable',
    );
  });

  test('a node never regards itself as unreachable, and always whom it accuses', () => {
    fc.assert(
      fc.property(stateArbitrary, (state) => {
        for (const [key, { status }] of state.members) {
          const { unreachable } = assess(state, key, 5);
          expect(unreachable.has(key)).toBe(false);
          if (status === 'down' || status === 'removed') continue;
          for (const r of state.reachability.values()) {
            const subject = state.members.get(r.subject)?.status;
            if (r.observer !== key || r.opinion === 'reachable' || subject === 'down') continue;
            expect(unreachable.has(r.subject)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('watching', () => {
  test('a ring: everybody watches and is watched by as many', () => {
    const names = [...'abcdefghijkl'];
    const state = stateOf(names.map((name, i) => `${name}1 up ${i + 1}`));
    const watchers = new Map<string, number>();
    for (const { node } of state.members.values()) {
      const watched = watchedBy(nodeKey(node), state, 5);
      expect(watched.length).toBe(5);
      expect(watched).not.toContain(nodeKey(node));
      for (const key of watched) watchers.set(key, (watchers.get(key) ?? 0) + 1);
    }
    expect([...watchers.values()]).toEqual(names.map(() => 5));
  });

  test('goes on behind those that do not answer', () => {
    const state = stateOf(
      [...'abcdef'].map((name, i) => `${name}1 up ${i + 1}`),
      ['a1 silent b1', 'a1 refused c1'],
    );
    expect(watchedBy(keyOf('a1'), state, 2)).toEqual(['b1', 'c1', 'd1', 'e1'].map(keyOf));
  });

  test('in a small cluster everybody watches all others', () => {
    expect(watchedBy(keyOf('b1'), stateOf(three), 5)).toEqual([keyOf('c1'), keyOf('a1')]);
  });
});

test('an opinion that has not changed is no change', () => {
  const state = stateOf(three);
  expect(withOpinion(state, keyOf('a1'), keyOf('b1'), 'reachable')).toBe(state);
  const once = withOpinion(state, keyOf('a1'), keyOf('b1'), 'silent');
  expect(withOpinion(once, keyOf('a1'), keyOf('b1'), 'silent')).toBe(once);
  const again = withOpinion(once, keyOf('a1'), keyOf('b1'), 'reachable');
  expect(again.reachability.get(recordKey(keyOf('a1'), keyOf('b1')))?.version).toBe(2);
});

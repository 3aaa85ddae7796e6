import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DowningMember,
  type DowningStrategy,
  KeepMajority,
  KeepOldest,
  StaticQuorum,
} from '../../src/cluster/Downing.ts';
import { nodeKey } from '../../src/cluster/Member.ts';
import type { Standing } from '../../src/cluster/Reachability.ts';
import { OptionsError } from '../../src/errors.ts';
import { stateOf } from './arbitraries.ts';

const standings: Record<string, Standing> = {
  '+': 'reachable',
  '?': 'silent',
  x: 'refused',
  '%': 'cut-off',
};

/** `+a +b ?c`: a, b, c from old to young; `~` before the name: still joining. */
function viewOf(text: string): DowningMember[] {
  return text.split(' ').map((word, i) => {
    const isJoining = word.includes('~');
    const name = word.at(-1)!;
    const state = stateOf([`${name}1 ${isJoining ? 'joining 0' : `up ${i + 1}`}`]);
    return { member: [...state.members.values()][0]!, standing: standings[word[0]!]! };
  });
}

function verdict(strategy: DowningStrategy, text: string): string {
  const { down } = strategy.decide({ members: viewOf(text) });
  return down.map((key) => key[0]).join('');
}

describe('keep-majority', () => {
  test.each([
    ['+a +b ?c', 'c'],
    ['?a ?b +c', 'c'],
    ['?a +b +c', 'a'],
    ['+a +b ?c ?d', 'cd'],
    ['?a ?b +c +d', 'cd'],
    ['?a +b ?c +d', 'bd'],
    ['+a ?b', 'b'],
    ['?a +b', 'b'],
    ['xa xb +c', 'ab'],
    ['xa ?b +c', 'c'],
    ['xa +b ?c', 'ac'],
    ['+a +b %c', 'c'],
    ['?a ?b +c %d', 'cd'],
    ['+a +~b ?c', 'c'],
    ['?a +~b', 'b'],
    ['xa +~b', 'a'],
    ['+a ?~b', 'b'],
    ['?a +b ?~c +~d', 'bd'],
  ])('%s gives up %s', (view, down) => {
    expect(verdict(new KeepMajority(), view)).toBe(down);
  });

  test('never lets two sides go on, even when they disagree about who has joined', () => {
    const members = fc.array(fc.record({ side: fc.nat(1), isJoining: fc.boolean() }), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(members, fc.nat(1), (unsorted, lateSide) => {
        // Who joined last is the youngest.
        const all = unsorted.sort((a, b) => Number(a.isJoining) - Number(b.isJoining));
        const survives = (side: number) => {
          // The side that has not heard of it yet still sees the joining ones as joining.
          const words = all.map((m, i) => {
            const joining = m.isJoining && side === lateSide ? '~' : '';
            return `${m.side === side ? '+' : '?'}${joining}${String.fromCharCode(97 + i)}`;
          });
          const down = verdict(new KeepMajority(), words.join(' '));
          return all.some((m, i) => m.side === side && !down.includes(String.fromCharCode(97 + i)));
        };
        expect(survives(0) && survives(1)).toBe(false);
      }),
    );
  });

  test('counts one role only, when told so', () => {
    const members = viewOf('+a +b ?c ?d ?e').map((m) => {
      const roles = 'ab'.includes(m.member.node.address) ? ['core'] : [];
      return { ...m, member: { ...m.member, roles } };
    });
    const { down } = new KeepMajority({ role: 'core' }).decide({ members });
    expect(down).toEqual(members.slice(2).map((m) => nodeKey(m.member.node)));
  });
});

describe('keep-oldest', () => {
  test.each([
    ['+a +b ?c ?d ?e', 'cde'],
    ['?a ?b +c +d +e', 'cde'],
    ['+a ?b ?c', 'a'],
    ['?a +b +c', 'a'],
    ['+a', ''],
    ['xa +b ?c', 'b'],
    ['xa +b', 'a'],
  ])('%s gives up %s', (view, down) => {
    expect(verdict(new KeepOldest(), view)).toBe(down);
  });

  test('stays with the oldest, even alone, when told so', () => {
    expect(verdict(new KeepOldest({ downIfAlone: false }), '+a ?b ?c')).toBe('bc');
    expect(verdict(new KeepOldest({ downIfAlone: false }), '?a +b +c')).toBe('bc');
  });
});

describe('static quorum', () => {
  test.each([
    ['+a +b ?c', 'c'],
    ['?a ?b +c', 'c'],
    ['xa xb +c', 'c'],
    ['xa +b +c', 'a'],
    ['+a +~b ?c', 'ab'],
  ])('of two: %s gives up %s', (view, down) => {
    expect(verdict(new StaticQuorum({ size: 2 }), view)).toBe(down);
  });
});

test('bad options are named', () => {
  expect(() => new StaticQuorum({ size: 0 })).toThrow(OptionsError);
  expect(() => new StaticQuorum({} as never)).toThrow(/`size` is missing/);
  expect(() => new KeepMajority({ stableAfterMs: -1 })).toThrow(/`stableAfterMs` takes/);
});

// The judge of bench/availability.ts: a measurement that cannot fail would measure nothing.
import { describe, expect, test } from 'vitest';
import {
  type Ask,
  backAfter,
  everTwice,
  judgeWindow,
  settledAfter,
} from '../bench/availability/judge.ts';
import { IDS } from '../bench/availability/protocol.ts';

const live = ['a', 'b'];
const others = Array.from({ length: IDS - 1 }, (_, i) => i + 1);

/** Entity 0, asked from `a` at `askedAt`, answered 2 ms later. */
function ask(askedAt: number, pid: number | null, more: Partial<Ask> = {}): Ask {
  return { from: 'a', id: 0, pid, startedAt: pid && 0, askedAt, endedAt: askedAt + 2, ...more };
}

/** All other entities answer both nodes from process 1. */
const rest = others.flatMap((id) => live.map((from) => ask(50, 1, { id, from })));

function judge(asks: readonly Ask[]) {
  return judgeWindow([...rest, ...asks], { start: 0, end: 100, live });
}

describe('in the judged window', () => {
  test('an entity that answers all nodes from one process is all right', () => {
    const verdict = judge([ask(10, 1), ask(20, 1, { from: 'b' })]);
    const asks = rest.length + 2;
    expect(verdict).toEqual({ twice: [], unavailable: [], lost: 0, asks, homes: [IDS] });
  });

  test('an entity that answers from two processes answers twice', () => {
    const verdict = judge([ask(10, 1), ask(20, 2, { from: 'b' })]);
    expect(verdict).toMatchObject({ twice: [0], homes: [1, IDS] });
  });

  test('an entity that does not answer one of the nodes is unavailable', () => {
    expect(judge([ask(10, 1)]).unavailable).toEqual([0]);
    const verdict = judge([ask(10, 1), ask(20, null, { from: 'b' })]);
    expect(verdict).toMatchObject({ unavailable: [0], lost: 1 });
  });

  test('neither asks from outside of it nor from dead nodes count', () => {
    const outside = [ask(-1, 2), ask(100, 2), ask(50, 2, { from: 'dead' })];
    expect(judge([...outside, ask(10, 1), ask(20, 1, { from: 'b' })]).twice).toEqual([]);
  });
});

describe('the time without an answer', () => {
  test('is none when all answers came', () => {
    expect(backAfter([ask(0, 1), ask(10, 1)], 0, live)).toBe(0);
  });

  test('ends with the answer after the last lost ask', () => {
    const asks = [ask(0, null), ask(10, 1), ask(20, null), ask(30, 1), ask(40, 1)];
    expect(backAfter(asks, 0, live)).toBe(32);
  });

  test('ends with a late answer', () => {
    expect(backAfter([ask(0, 1, { endedAt: 700 }), ask(710, 1)], 0, live)).toBe(700);
  });

  test('does not end when no answer comes', () => {
    expect(backAfter([ask(0, 1), ask(10, null)], 0, live)).toBe(Number.POSITIVE_INFINITY);
  });
});

test('an entity is settled after the last answer from a former home', () => {
  expect(settledAfter([ask(0, 1), ask(10, 1), ask(20, 2)], 0)).toBe(12);
  expect(settledAfter([ask(0, 1), ask(10, 1)], 0)).toBe(0);
});

describe('two instances of one entity', () => {
  test('are told from a move', () => {
    expect(everTwice([ask(0, 1), ask(10, 2), ask(20, 2)], 0).size).toBe(0);
    const twice = [ask(0, 1), ask(10, 2), ask(20, 1), ask(30, 2)];
    expect([...everTwice(twice, 0)]).toEqual([[0, 22]]);
  });

  test('are told from a move there and back', () => {
    const again = ask(20, 1, { startedAt: 15 });
    expect(everTwice([ask(0, 1), ask(10, 2), again], 0).size).toBe(0);
  });

  test('are told from a move during which asks waited', () => {
    const waited = ask(10, 2, { endedAt: 40 });
    expect(everTwice([ask(0, 1), waited, ask(20, 1), ask(50, 2)], 0).size).toBe(0);
  });
});

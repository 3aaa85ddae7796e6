import { describe, expect, test } from 'vitest';
import {
  forgiven,
  isSilent,
  phi,
  defaultFailureDetector as settings,
  startHistory,
  withHeartbeat,
} from '../../src/cluster/FailureDetector.ts';

function regular(intervalMs: number, count: number) {
  let history = startHistory(settings, 0);
  for (let i = 1; i <= count; i++) history = withHeartbeat(history, settings, i * intervalMs);
  return { history, lastAt: count * intervalMs };
}

/** Milliseconds after the last heartbeat at which it counts as silent. */
function noticedAfter({ history, lastAt }: ReturnType<typeof regular>): number {
  let ms = 0;
  while (!isSilent(history, settings, lastAt + ms)) ms += 10;
  return ms;
}

describe('suspicion', () => {
  test('grows with silence and never falls', () => {
    const { history, lastAt } = regular(300, 100);
    const values = [0, 1000, 2500, 2700, 3000, 4000, 60_000].map((ms) =>
      phi(history, settings, lastAt + ms),
    );
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values[1]).toBeLessThan(0.01);
    expect(values.at(-1)).toBe(Number.POSITIVE_INFINITY);
  });

  test('is one half of a doubt when the heartbeat is due on average', () => {
    const { history, lastAt } = regular(300, settings.sampleWindow + 10);
    const due = lastAt + 300 + settings.acceptablePauseMs;
    expect(phi(history, settings, due)).toBeCloseTo(Math.log10(2), 5);
  });

  test('follows the normal distribution: 1, 2 and 3 deviations', () => {
    const { history, lastAt } = regular(300, settings.sampleWindow + 10);
    const due = lastAt + 300 + settings.acceptablePauseMs;
    const tails = [0.158655, 0.0227501, 0.0013499];
    tails.forEach((tail, i) => {
      const value = phi(history, settings, due + (i + 1) * settings.minStdDeviationMs);
      expect(10 ** -value).toBeCloseTo(tail, 3);
    });
  });
});

describe('with the defaults', () => {
  test('regular heartbeats: silence is noticed after 3 to 3.5 s', () => {
    expect(noticedAfter(regular(300, 50))).toBeGreaterThan(2900);
    expect(noticedAfter(regular(300, 50))).toBeLessThan(3500);
  });

  test('a node that never answered is noticed within 4 s', () => {
    expect(noticedAfter({ history: startHistory(settings, 0), lastAt: 0 })).toBeLessThan(4000);
  });

  test('irregular heartbeats are given more time', () => {
    let history = startHistory(settings, 0);
    let now = 0;
    for (let i = 0; i < 100; i++) {
      now += i % 2 === 0 ? 50 : 900;
      history = withHeartbeat(history, settings, now);
    }
    expect(noticedAfter({ history, lastAt: now })).toBeGreaterThan(4500);
  });
});

test('a long pause does not count as an interval', () => {
  const { history, lastAt } = regular(300, 50);
  const after = withHeartbeat(history, settings, lastAt + 60_000);
  expect(after.intervals).toEqual(history.intervals);
  expect(after.lastAt).toBe(lastAt + 60_000);
});

test('the window is bounded and its sums stay right', () => {
  const { history } = regular(300, 1000);
  expect(history.intervals.length).toBe(settings.sampleWindow);
  expect(history.sum).toBeCloseTo(300 * settings.sampleWindow, 3);
  expect(history.sumOfSquares).toBeCloseTo(300 * 300 * settings.sampleWindow, 0);
});

test('forgiveness starts the clock anew', () => {
  const { history, lastAt } = regular(300, 50);
  const now = lastAt + 20_000;
  expect(isSilent(history, settings, now)).toBe(true);
  expect(isSilent(forgiven(history, now), settings, now)).toBe(false);
});

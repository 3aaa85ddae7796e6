import { expect, test } from 'vitest';
import { FairTurns } from '../../../src/persistence/sqlite/FairTurns.ts';

test('takes no break while nobody else writes', () => {
  const turns = new FairTurns();
  for (let now = 0; now < 100; now++) {
    expect(turns.breakMs(now)).toBe(0);
    turns.committed(now, 1);
  }
});

test('takes a break after some milliseconds of writing while others write too', () => {
  const turns = new FairTurns();
  let breaks = 0;
  for (let now = 0; now < 100; now++) {
    if (turns.breakMs(now) > 0) breaks++;
    turns.committed(now, now < 50 ? 1 : now);
  }
  expect(breaks).toBeGreaterThanOrEqual(5);
  expect(breaks).toBeLessThanOrEqual(10);
});

test('takes no break when it pauses by itself, nor once the others have gone', () => {
  const turns = new FairTurns();
  turns.committed(0, 1);
  for (let now = 10; now < 100; now += 10) {
    turns.committed(now, now);
    expect(turns.breakMs(now)).toBe(0);
  }
  for (let now = 200; now < 300; now++) {
    turns.committed(now, 90);
    expect(turns.breakMs(now)).toBe(0);
  }
});

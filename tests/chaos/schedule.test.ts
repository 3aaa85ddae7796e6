// The schedule of a chaos run: the same for the same seed, and never more at a time than can be borne.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAULTS, faultsNamed } from '../../chaos/faults/index.ts';
import { type Planned, schedule } from '../../chaos/schedule.ts';

const PLACES = { nodes: ['node1', 'node2', 'node3'], rooms: ['room-1', 'room-2'] };
const seeds = fc.nat(100_000);

function plan(seed: number, minutes: number, kinds = FAULTS) {
  return schedule(seed, minutes, kinds, PLACES);
}

function isQuietBetween(faults: readonly Planned[], restMs: number): boolean {
  return faults.every(({ atMs, forMs }, i) => {
    const next = faults[i + 1];
    return next === undefined || next.atMs >= atMs + forMs + restMs;
  });
}

describe('a schedule', () => {
  test('is the same for the same seed, in whatever order the faults are named', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(plan(seed, 3, [...FAULTS].reverse())).toEqual(plan(seed, 3));
      }),
    );
    expect(plan(1, 3)).not.toEqual(plan(2, 3));
  });

  test('leaves a quiet time after everything that takes a node away', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { main, beside } = plan(seed, 5);
        expect(isQuietBetween(main, 5000)).toBe(true);
        expect(isQuietBetween(beside, 0)).toBe(true);
      }),
    );
  });

  test('ends in its time', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 10 }), (seed, minutes) => {
        const { main, beside, totalMs } = plan(seed, minutes);
        for (const { atMs, forMs } of [...main, ...beside]) {
          expect(atMs + forMs).toBeLessThanOrEqual(totalMs);
        }
      }),
    );
  });

  test('has what exercises stale writes and gaps in every minute-long run', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { main, beside } = plan(seed, 1);
        expect(main.map(({ name }) => name)).toContain('pause-15s');
        expect(beside.map(({ name }) => name)).toContain('lost-news');
      }),
    );
  });

  test('is empty when nothing fits', () => {
    const { main, beside } = plan(1, 0.5, faultsNamed(['pause-60s']));
    expect([...main, ...beside]).toEqual([]);
  });
});

describe('names of faults', () => {
  test('stand for a fault, or for all that begin with them', () => {
    expect(faultsNamed(['kill', 'pause']).map(({ name }) => name)).toEqual([
      'kill',
      'pause-5s',
      'pause-15s',
      'pause-30s',
      'pause-60s',
      'pause-with-lock',
    ]);
  });

  test('that stand for none are refused with those that there are', () => {
    expect(() => faultsNamed(['kil'])).toThrow(/no fault kil; there are kill, stop/);
  });
});

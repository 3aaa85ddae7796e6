// What comes from outside is handled or refused by a name, leaves nothing behind, and nobody else
// notices: some hundred inputs of each kind. `npm run fuzz` tries up to a million.
import { describe, expect, test } from 'vitest';
import type { Outcome, Surface } from './Surface.ts';
import { cheap, overSockets } from './surfaces/index.ts';

const SEED = 20_261_123;

function check({ inputs, mayGrowBytes }: Surface, { tally, grownBytes }: Outcome): void {
  expect(tally.faults).toEqual([]);
  expect(tally.inputs).toBeGreaterThanOrEqual(inputs.test);
  expect(tally.rejected).toBeGreaterThan(tally.inputs / 10);
  expect(grownBytes).toBeLessThan(mayGrowBytes);
}

describe('every input is handled or refused by a name', () => {
  test.each(cheap)('$name: $what', async (surface) => {
    const outcome = await surface.run({ inputs: surface.inputs.test, seed: SEED });
    check(surface, outcome);
    expect(outcome.tally.accepted).toBeGreaterThan(0); // or nothing got past the first check
  });
});

describe('a node lives on, and others notice nothing', () => {
  test.each(overSockets)('$name: $what', async (surface) => {
    const outcome = await surface.run({ inputs: surface.inputs.test, seed: SEED });
    check(surface, outcome);
    expect(outcome.peakBytes).toBeLessThan(400 * 1024 * 1024);
  });
});

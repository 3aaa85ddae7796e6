// What comes from outside is handled or refused by a name, and leaves nothing behind: a few thousand
// inputs of each kind. `npm run fuzz` tries a million of each.
import { expect, test } from 'vitest';
import { surfaces } from './surfaces/index.ts';

const SEED = 20_261_123;

test.each(surfaces)('$name: every input is handled or refused by a name', async (surface) => {
  const { tally, grownBytes } = await surface.run({ inputs: surface.inputs.test, seed: SEED });
  expect(tally.faults).toEqual([]);
  expect(tally.inputs).toBeGreaterThanOrEqual(surface.inputs.test);
  expect(tally.accepted).toBeGreaterThan(0);
  expect(tally.rejected).toBeGreaterThan(tally.inputs / 10);
  expect(grownBytes).toBeLessThan(surface.mayGrowBytes);
});

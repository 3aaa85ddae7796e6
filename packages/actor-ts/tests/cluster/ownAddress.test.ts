import { expect, test } from 'vitest';
import { addressTowards } from '../../src/cluster/ownAddress.ts';
import { OptionsError } from '../../src/errors.ts';

test('is the address on the way to a seed', async () => {
  expect(await addressTowards(['chat@127.0.0.1:2551'])).toBe('127.0.0.1');
});

test.each(['node1.invalid:2551', 'nothing like a seed', '127.0.0.1'])(
  'goes by the next seed when %j is none that is known',
  async (seed) => {
    expect(await addressTowards([seed, 'localhost:2551'])).toBe('127.0.0.1');
  },
);

test('needs a seed that is known', async () => {
  await expect(addressTowards(['node1.invalid:2551'])).rejects.toThrow(OptionsError);
  await expect(addressTowards(['node1.invalid:2551'])).rejects.toThrow('`seeds`');
  await expect(addressTowards([])).rejects.toThrow('got []');
});

import { expect, test } from 'vitest';
import { addressTowards } from '../src/ownAddress.ts';

test('is the address on the way to a seed', async () => {
  expect(await addressTowards(['chat@127.0.0.1:2551'])).toBe('127.0.0.1');
});

test('goes by the next seed when the name of one is not known', async () => {
  expect(await addressTowards(['node1.invalid:2551', 'localhost:2551'])).toBe('127.0.0.1');
});

test('needs a seed that is known', async () => {
  await expect(addressTowards(['node1.invalid:2551'])).rejects.toThrow('SEEDS');
  await expect(addressTowards([])).rejects.toThrow('SEEDS');
});

import { expect, test } from 'vitest';
import { HopBatch, maxBatchChars, maxBatchHops } from '../../src/management/HopBatch.ts';

test('gives its hops once, in order', () => {
  const batch = new HopBatch();
  expect(batch.isEmpty).toBe(true);
  batch.add('first');
  batch.add('second');
  expect(batch.isEmpty).toBe(false);
  expect(batch.take()).toEqual({ hops: ['first', 'second'], lost: 0 });
  expect(batch.isEmpty).toBe(true);
  expect(batch.take()).toEqual({ hops: [], lost: 0 });
});

test('counts what is too much', () => {
  const batch = new HopBatch();
  for (let i = 0; i < maxBatchHops + 7; i++) batch.add(`hop ${i}`);
  const { hops, lost } = batch.take();
  expect([hops.length, hops.at(-1), lost]).toEqual([maxBatchHops, `hop ${maxBatchHops - 1}`, 7]);
});

test('counts what is too large, and has room for what is not', () => {
  const batch = new HopBatch();
  batch.add('x'.repeat(maxBatchChars + 1));
  expect(batch.isEmpty).toBe(false);
  batch.add('small');
  expect(batch.take()).toEqual({ hops: ['small'], lost: 1 });
});

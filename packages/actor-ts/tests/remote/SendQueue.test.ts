import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader } from '../../src/remote/FrameReader.ts';
import { SendQueue } from '../../src/remote/SendQueue.ts';
import type { Lane } from '../../src/remote/Transport.ts';

const MARKS = { highWaterBytes: 1000, lowWaterBytes: 500, reserveBytes: 200 };

function frameOf(n: number, size = 4): Uint8Array {
  const frame = new Uint8Array(size);
  new DataView(frame.buffer).setUint32(0, n);
  return frame;
}

function numbersIn(slabs: readonly Buffer[]): number[] {
  const numbers: number[] = [];
  const reader = new FrameReader(1 << 20, (bytes, start) => {
    numbers.push(bytes.readUInt32BE(start));
  });
  for (const slab of slabs) reader.push(slab);
  return numbers;
}

describe('SendQueue', () => {
  test('keeps the order within user and system frames, with control frames ahead', () => {
    const queue = new SendQueue();
    const lanes: Lane[] = ['user', 'system', 'control', 'user', 'control'];
    lanes.forEach((lane, n) => {
      queue.push(frameOf(n), lane);
    });
    expect(numbersIn(queue.take(Number.POSITIVE_INFINITY))).toEqual([2, 4, 0, 1, 3]);
    expect(queue.bytes).toBe(0);
  });

  test('gives out every frame once, whatever its size and however much is taken at a time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 4, max: 90_000 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 200_000 }),
        (sizes, limit) => {
          const queue = new SendQueue();
          const taken: Buffer[] = [];
          sizes.forEach((size, n) => {
            expect(queue.push(frameOf(n, size), 'user')).toBe(true);
            if (n % 5 === 4) taken.push(...queue.take(limit));
          });
          while (queue.bytes > 0) taken.push(...queue.take(limit));
          expect(numbersIn(taken)).toEqual([...sizes.keys()]);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('refuses user frames from the high-water mark until it is down at the low one', () => {
    const queue = new SendQueue(MARKS);
    expect(queue.push(frameOf(1, 600), 'user')).toBe(true);
    expect(queue.push(frameOf(2, 600), 'user')).toBe(false);
    // Small enough to fit, but the queue has to get better first.
    expect(queue.push(frameOf(3, 10), 'user')).toBe(false);
    queue.take(Number.POSITIVE_INFINITY);
    expect(queue.push(frameOf(4, 10), 'user')).toBe(true);
  });

  test('keeps a bounded reserve for control and system frames', () => {
    const queue = new SendQueue(MARKS);
    queue.push(frameOf(1, 990), 'user');
    expect(queue.push(frameOf(2, 50), 'user')).toBe(false);
    expect(queue.push(frameOf(3, 50), 'control')).toBe(true);
    expect(queue.push(frameOf(4, 50), 'system')).toBe(true);
    expect(queue.push(frameOf(5, 300), 'control')).toBe(false);
    expect(queue.bytes).toBeLessThanOrEqual(1200);
  });

  test('drop gives back every frame that waits', () => {
    const queue = new SendQueue();
    for (let n = 0; n < 100; n++) queue.push(frameOf(n, 2000), 'user');
    const dropped: number[] = [];
    queue.drop((frame) => dropped.push(frame.readUInt32BE()));
    expect(dropped).toEqual([...Array(100).keys()]);
    expect(queue.bytes).toBe(0);
  });
});

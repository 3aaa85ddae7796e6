import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameTooLargeError } from '../../src/errors.ts';
import { FrameReader } from '../../src/remote/FrameReader.ts';
import { framed } from '../../src/remote/framed.ts';

function read(maxFrameBytes: number, chunks: Iterable<Uint8Array>): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const reader = new FrameReader(maxFrameBytes, (bytes, start, end) =>
    frames.push(Uint8Array.from(bytes.subarray(start, end))),
  );
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return frames;
}

/** Cuts `bytes` at the given places (as fractions). */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

describe('FrameReader', () => {
  test('gives back the frames, however the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }),
        fc.array(fraction, { maxLength: 30 }),
        (frames, places) => {
          const stream = Buffer.concat(frames.map(framed));
          expect(read(300, cut(stream, places))).toEqual(frames);
        },
      ),
    );
  });

  test('gives back the frames when the stream comes byte by byte', () => {
    const frames = [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(2, 3, 4)];
    const stream = Buffer.concat(frames.map(framed));
    expect(
      read(
        10,
        cut(
          stream,
          [...stream.keys()].map((i) => i / stream.length),
        ),
      ),
    ).toEqual(frames);
  });

  test('garbage ends in a named error or in frames within the limit, never otherwise', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fraction, { maxLength: 5 }),
        (garbage, places) => {
          try {
            for (const frame of read(64, cut(garbage, places))) {
              expect(frame.length).toBeLessThanOrEqual(64);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(FrameTooLargeError);
          }
        },
      ),
    );
  });

  test('takes a frame of exactly the limit and refuses one byte more', () => {
    expect(read(8, [framed(new Uint8Array(8))])).toHaveLength(1);
    expect(() => read(8, [framed(new Uint8Array(9))])).toThrow(FrameTooLargeError);
  });

  test('an announced length alone costs no memory', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 200 }, () => {
      const reader = new FrameReader(64 * 1024 * 1024, () => {});
      reader.push(Buffer.of(4, 0, 0, 0, 1));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    expect(readers).toHaveLength(200);
  });

  test('hands on a frame within one chunk where it stands, without copying it', () => {
    const chunk = Buffer.concat([framed(Uint8Array.of(1)), framed(Uint8Array.of(2, 3))]);
    const places: unknown[][] = [];
    const reader = new FrameReader(4, (...place) => places.push(place));
    reader.push(chunk);
    expect(places).toEqual([
      [chunk, 4, 5],
      [chunk, 9, 11],
    ]);
    expect(places.every(([bytes]) => bytes === chunk)).toBe(true);
  });

  test('keeps a copy of what waits for its rest: the chunk may be used again', () => {
    const frames: Buffer[] = [];
    const reader = new FrameReader(4, (bytes, start, end) =>
      frames.push(Buffer.from(bytes.subarray(start, end))),
    );
    const chunk = framed(Uint8Array.of(1, 2, 3)).subarray(0, 6);
    reader.push(chunk);
    chunk.fill(0);
    reader.push(Buffer.of(3));
    expect(frames).toEqual([Buffer.of(1, 2, 3)]);
  });

  test('delivers nothing after an error, and nothing after stop', () => {
    const frames: number[] = [];
    const reader = new FrameReader(4, (bytes, start) => {
      frames.push(bytes[start]!);
      if (bytes[start] === 2) reader.stop();
    });
    reader.push(Buffer.concat([1, 2, 3].map((n) => framed(Uint8Array.of(n)))));
    expect(frames).toEqual([1, 2]);
    reader.push(framed(Uint8Array.of(4)));
    expect(frames).toEqual([1, 2]);
  });
});

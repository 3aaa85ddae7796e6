import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JournalCorruptError, JournalEncodingError } from '../../src/errors.ts';
import { decode, encode } from '../../src/persistence/encoding.ts';

const there = (value: unknown) => encode(value, 'the event');
const back = (text: string) => decode(text, 'event', 'room-1', 7);
const roundTrip = (value: unknown) => back(there(value));

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  fc.boolean(),
  fc.constant(null),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom('$map', '$$map', '$', '$date', '__proto__', 'constructor', 'toJSON'),
);
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(fc.oneof(tie('value'), fc.constant(undefined))),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((items) => new Set(items)),
  ),
}));

describe('encode', () => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        // Not vitest's equality, which trips over fields named `constructor`.
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('writes plain data as plain JSON', () => {
    expect(there({ text: 'hi', list: [1, null] })).toBe('{"text":"hi","list":[1,null]}');
    expect(there(new Map([['a', 1n]]))).toBe('{"$map":[["a",{"$bigint":"1"}]]}');
    expect(there({ $map: 1, a: { $$b: 2 } })).toBe('{"$$map":1,"a":{"$$$b":2}}');
  });

  test('drops fields that are undefined, as JSON does, and keeps them in lists', () => {
    expect(there({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(there({ a: undefined, b: 1n })).toBe('{"b":{"$bigint":"1"}}');
    // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
    expect(roundTrip([1, , undefined])).toStrictEqual([1, undefined, undefined]);
  });

  test('does not change what it was given', () => {
    const event = Object.freeze({ $a: Object.freeze([1n]), b: Object.freeze({ c: 1 }) });
    expect(roundTrip(event)).toStrictEqual(event);
  });

  class LocalActorRef {}
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];

  test.each([
    [
      'an instance',
      { members: [1, 2, 3, { ref: new LocalActorRef() }] },
      '.members[3].ref',
      'LocalActorRef',
    ],
    ['NaN', [Number.NaN], '[0]', 'NaN'],
    ['infinity', { a: { b: -Infinity } }, '.a.b', '-Infinity'],
    ['a function', { 'a b': () => 1 }, '["a b"]', 'a function'],
    ['a symbol', Symbol('x'), 'its top', 'a symbol'],
    ['a symbol field', { a: { [Symbol('x')]: 1 } }, '.a', 'symbol'],
    ['an error', new Map([['k', new Error('x')]]), '[0][1]', 'Error'],
    ['an invalid date', new Set([new Date(Number.NaN)]), '[0]', 'invalid Date'],
    ['a cycle', cycle, '.self[0]', 'a cycle'],
    ['a sub-class', { list: new (class List extends Array {})() }, '.list', 'List'],
    ['another typed array', { a: new Float64Array(1) }, '.a', 'Float64Array'],
  ])('refuses %s and says where', (_name, value, path, got) => {
    expect(() => there(value)).toThrow(JournalEncodingError);
    expect(() => there(value)).toThrow(`at ${path}; `);
    expect(() => there(value)).toThrow(got);
  });

  test('refuses undefined and endless depth', () => {
    expect(() => there(undefined)).toThrow(JournalEncodingError);
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(() => there(deep)).toThrow(/256 levels/);
  });

  test('keeps the same object in two places', () => {
    const shared = { a: 1 };
    expect(roundTrip([shared, shared])).toStrictEqual([shared, shared]);
  });
});

describe('decode', () => {
  test.each([
    '',
    '{',
    '{"$map":1}',
    '{"$map":[1]}',
    '{"$map":[[1]]}',
    '{"$set":{}}',
    '{"$date":"yesterday"}',
    '{"$date":5}',
    '{"$bigint":"0x10"}',
    '{"$bigint":1}',
    '{"$bytes":"*"}',
    '{"$what":1}',
    '{"$map":[],"a":1}',
    '{"a":{"$b":1,"c":1}}',
  ])('names the event whose text is %j', (text) => {
    expect(() => back(text)).toThrow(JournalCorruptError);
    expect(() => back(text)).toThrow("event 7 of 'room-1'");
  });

  test('refuses text that is nested without end', () => {
    expect(() => back(`${'['.repeat(5000)}{"$set":[]}${']'.repeat(5000)}`)).toThrow(
      /nested deeper/,
    );
  });

  test('fails on any text either with a named error or not at all', () => {
    const piece = fc.constantFrom(
      ...'{}[],:"'.split(''),
      '"$map"',
      '"$set"',
      '"$date"',
      '"$bigint"',
      '"$bytes"',
      '"__proto__"',
      '1',
      'null',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((p) => p.join('')),
        ),
        (text) => {
          try {
            back(text);
          } catch (error) {
            expect(error).toBeInstanceOf(JournalCorruptError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('gives no object another prototype', () => {
    for (const text of [
      '{"__proto__":{"polluted":true}}',
      '{"a":{"$set":[]},"__proto__":{"polluted":true}}',
      '{"$$x":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ]) {
      const value = back(text) as object;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect('polluted' in value).toBe(false);
      expect('polluted' in {}).toBe(false);
    }
  });
});

import fc from 'fast-check';
import { pack } from 'msgpackr';
import { beforeEach, describe, expect, test } from 'vitest';
import { ActorPath } from '../../src/actor/ActorPath.ts';
import { ActorRef } from '../../src/actor/ActorRef.ts';
import { Address } from '../../src/actor/Address.ts';
import { registerClass, registerPositional } from '../../src/actor/serialization.ts';
import { DecodeError, EncodeError } from '../../src/errors.ts';
import { fromNullable, none, Some } from '../../src/option.ts';
import { Codec } from '../../src/remote/Codec.ts';
import { MAX_DEPTH } from '../../src/remote/checkBody.ts';
import { type LogLine, recordingLogger } from './nodes.ts';

class FakeRef extends ActorRef {
  readonly path: ActorPath;

  constructor(address: Address | null, path: string, uid: number) {
    super();
    this.path = new ActorPath(address, path, uid);
  }

  tell(): void {}
  ask<T>(): Promise<T> {
    return Promise.reject(new Error('nobody is there'));
  }
  sendSystem(): void {}
  kill(): void {}
}

class Order {
  readonly item: string;
  readonly options: Map<string, number>;

  constructor(item: string, options: Map<string, number>) {
    this.item = item;
    this.options = options;
  }

  get label(): string {
    return `order of ${this.item}`;
  }
}

class PaymentError extends Error {
  readonly code = 'ERR_PAYMENT';
  amount = 7;
}

class Stranger {
  a = 1;
  greet(): string {
    return 'hello';
  }
}

class Parcel {
  readonly weight: number;
  readonly content: unknown;
  /** Not what the constructor takes. */
  readonly isHeavy: boolean;

  constructor(weight: number, content: unknown) {
    this.weight = weight;
    this.content = content;
    this.isHeavy = weight > 10;
  }
}

registerClass('test.Order', Order);
registerPositional('test.Parcel', Parcel, ['weight', 'content']);
registerClass('test.PaymentError', PaymentError);

const HERE = new Address('test', 'here', 1);
const THERE = new Address('test', 'there', 2);

let lines: LogLine[];
let codec: Codec;

beforeEach(() => {
  lines = [];
  const importRef = (address: string | null, path: string, uid: number, from: Address) =>
    new FakeRef(address === null ? from : Address.parse(address), path, uid);
  codec = new Codec({ importRef }, recordingLogger(lines));
});

function roundTrip(message: unknown): any {
  return codec.decode(Uint8Array.from(codec.encode(message)), HERE);
}

/** What a message may hold, refs aside. */
const travelling = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }),
    // Minus zero travels as zero.
    fc.double().map((n) => (n === 0 ? 0 : n)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.float64Array(),
    fc.int32Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((e) => new Map(e)),
    fc.array(tie('value'), { maxLength: 4 }).map((e) => new Set(e)),
  ),
})).value;

describe('Codec', () => {
  test('gives back what went in', () => {
    fc.assert(
      fc.property(travelling, (value) => {
        fc.pre(!hasProtoKey(value));
        expect(roundTrip(value)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps text that is no valid Unicode from doing harm', () => {
    expect(roundTrip('\ud800 alone')).toContain('alone');
  });

  test('does not change the message it encodes', () => {
    const message = { map: new Map([[1, { deep: new Set([2]) }]]), list: [new Date(0)] };
    roundTrip(message);
    expect(message.map.get(1)).toEqual({ deep: new Set([2]) });
    expect(message.list[0]).toEqual(new Date(0));
  });

  test('registered classes keep their prototype, nested too', () => {
    const order = roundTrip({ orders: [new Order('tea', new Map([['sugar', 2]]))] }).orders[0];
    expect(order).toBeInstanceOf(Order);
    expect(order.label).toBe('order of tea');
    expect(order.options.get('sugar')).toBe(2);
  });

  test('a positional class is made again by its constructor, whatever it holds', () => {
    const content = new Map<unknown, unknown>([
      [1, new Order('tea', new Map())],
      [2, new Parcel(3, undefined)],
    ]);
    const sent = new Parcel(12, [content, new FakeRef(THERE, '/user/b', 1)]);
    const parcel = roundTrip({ parcel: sent }).parcel;
    expect(parcel).toBeInstanceOf(Parcel);
    expect(parcel).toEqual(sent);
    expect(parcel.content[0].get(2)).toBeInstanceOf(Parcel);
    expect(Buffer.from(codec.encode(sent)).toString('latin1')).not.toContain('weight');
  });

  test('an instance of a class that extends a positional one is none of it', () => {
    class Gift extends Parcel {}
    expect(roundTrip(new Gift(1, 'x'))).toEqual({ weight: 1, content: 'x', isHeavy: false });
    expect(lines).toHaveLength(1);
  });

  test('Some and None travel', () => {
    const { present, absent } = roundTrip({ present: fromNullable(3), absent: none });
    expect(present).toBeInstanceOf(Some);
    expect(present.getOrElse(() => 0)).toBe(3);
    expect(absent.isNone).toBe(true);
  });

  test('an instance of an unregistered class travels as its fields, and the log says so once', () => {
    const received = roundTrip([new Stranger(), new Stranger()]);
    expect(received).toEqual([{ a: 1 }, { a: 1 }]);
    expect(received[0]).not.toBeInstanceOf(Stranger);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toContain("registerClass('Stranger', Stranger)");
  });

  test('refs travel: of the own node without an address, of others with it', () => {
    const [own, other] = roundTrip([
      new FakeRef(null, '/user/a', 281474976710656 + 5),
      new FakeRef(THERE, '/user/b', 0),
    ]) as ActorRef[];
    expect(own?.path).toEqual(new ActorPath(HERE, '/user/a', 281474976710656 + 5));
    expect(other?.path).toEqual(new ActorPath(THERE, '/user/b', 0));
  });

  test('an Error keeps message, name, code and cause, and not its stack', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ERR_INNER' });
    const error = roundTrip(new Error('outer', { cause }));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('outer');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause.code).toBe('ERR_INNER');
    expect(error.stack).not.toContain('Codec.test');
    const named = Object.assign(new Error('x'), { name: 'CustomError' });
    expect(roundTrip(named).name).toBe('CustomError');
    expect('cause' in roundTrip(new Error('no cause'))).toBe(false);
  });

  test('a registered error keeps its class', () => {
    const error = roundTrip(new PaymentError('declined', { cause: new Order('x', new Map()) }));
    expect(error).toBeInstanceOf(PaymentError);
    expect(error.message).toBe('declined');
    expect(error.amount).toBe(7);
    expect(error.code).toBe('ERR_PAYMENT');
    expect(error.cause).toBeInstanceOf(Order);
  });

  test('bytes that arrive are a copy of their own', () => {
    const bytes = Uint8Array.from(
      codec.encode({ view: Buffer.from('abc'), raw: Uint8Array.of(1) }),
    );
    const { view, raw } = codec.decode(bytes, HERE) as { view: Uint8Array; raw: Uint8Array };
    bytes.fill(0);
    expect([...view]).toEqual([...Buffer.from('abc')]);
    expect([...raw]).toEqual([1]);
  });

  test('keys that touch prototypes do not', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"x":1}}}');
    const received = roundTrip(hostile);
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(received.polluted).toBeUndefined();
    expect(({} as any).polluted).toBeUndefined();
    expect(({} as any).x).toBeUndefined();
    expect(received.constructor).toEqual({ prototype: { x: 1 } });
    const withDate = Object.defineProperty({}, '__proto__', {
      value: new Date(),
      enumerable: true,
    });
    expect(Object.getPrototypeOf(roundTrip(withDate))).toBe(Object.prototype);
  });

  test('objects with unusual keys and without a prototype travel', () => {
    const bare = Object.assign(Object.create(null), { hasOwnProperty: 1, toString: 2, '': 3 });
    expect(roundTrip(bare)).toEqual({ hasOwnProperty: 1, toString: 2, '': 3 });
    expect(lines).toEqual([]);
  });

  test('the toJSON of a class is not asked', () => {
    expect(roundTrip({ toJSON: 1, a: 2 })).toEqual({ toJSON: 1, a: 2 });
  });

  test.each([
    ['a function', { f: () => 1 }],
    ['a symbol', [Symbol('s')]],
    ['a cycle', cyclic()],
    ['bottomless nesting', nested(MAX_DEPTH + 1)],
    [
      'a getter that throws',
      {
        get x() {
          throw new Error('no');
        },
      },
    ],
  ])('refuses to encode %s, and goes on', (_what, message) => {
    expect(() => codec.encode(message)).toThrow(EncodeError);
    expect(roundTrip({ fine: 1 })).toEqual({ fine: 1 });
  });

  test('takes nesting up to the limit', () => {
    expect(roundTrip(nested(MAX_DEPTH))).toEqual(nested(MAX_DEPTH));
  });

  test('one encoded message says nothing about the next', () => {
    const first = Uint8Array.from(codec.encode({ a: 1, b: 2 }));
    const again = Uint8Array.from(codec.encode({ a: 1, b: 2 }));
    expect(again).toEqual(first);
  });

  test('other users of msgpackr in the process are left alone', () => {
    expect([...pack(new Stranger())]).toEqual([...pack({ a: 1 })]);
  });
});

describe('Codec and hostile bytes', () => {
  test('any bytes give a value or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectValueOrDecodeError(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test('any damage to a message gives a value or a DecodeError', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(travelling, damage, (value, changes) => {
        const tree = { value, ref: new FakeRef(THERE, '/user/a', 1), error: new Error('x') };
        const bytes = Uint8Array.from(codec.encode(tree));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        expectValueOrDecodeError(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['small', 'two'],
    ['large', 'two'.repeat(100)],
  ])('every truncation of a %s message is a DecodeError, also when bytes follow', (_size, text) => {
    const bytes = Uint8Array.from(
      codec.encode({ m: new Map([['k', [1, text, 3n]]]), b: new Uint8Array(9), d: new Date() }),
    );
    for (let end = 0; end < bytes.length; end++) {
      expect(() => codec.decode(bytes.slice(0, end), HERE)).toThrow(DecodeError);
      expect(() => codec.decode(bytes, HERE, 0, end)).toThrow(DecodeError);
    }
  });

  test('a message is read where it stands, whatever its size and whatever surrounds it', () => {
    for (let size = 0; size < 300; size++) {
      const message = { text: 'x'.repeat(size), bytes: Buffer.from('abc') };
      const bytes = codec.encode(message);
      const chunk = Buffer.concat([Buffer.alloc(7, 0xc1), bytes, Buffer.alloc(7, 0xc1)]);
      const received = codec.decode(chunk, HERE, 7, 7 + bytes.length) as typeof message;
      chunk.fill(0);
      codec.decode(Uint8Array.of(0xc0), HERE);
      expect(received).toEqual(message);
    }
  });

  test.each([
    ['a megabyte of nested arrays', new Uint8Array(1024 * 1024).fill(0x91)],
    ['a megabyte of nested maps', new Uint8Array(1024 * 1024).fill(0x81)],
    ['a megabyte of nested tags', repeat([0xd4, 0x41, 0x00], 1024 * 1024)],
    ['an array that claims four billion items', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff, 1)],
    ['arrays within arrays that all claim much', repeat([0xdc, 0xff, 0xff], 90_000)],
    ['a string that claims four gigabytes', Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
    ['a record definition', Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01)],
    ['a regular expression', Uint8Array.of(0xd4, 0x78, 0x00, 0x92, 0xa1, 0x61, 0xa0)],
    ['a pointer into the message', Uint8Array.of(0xd6, 0x70, 0, 0, 0, 1)],
    ['an extension nobody knows', Uint8Array.of(0xd4, 0x33, 0x00)],
    ['the byte that MessagePack never uses', Uint8Array.of(0xc1)],
    ['two messages', Uint8Array.of(1, 2)],
    ['nothing', new Uint8Array()],
    ['a ref without a path', tag(0, null, 5, 1)],
    ['an instance whose fields are a number', tag(1, 'test.Order', 5)],
    ['an instance whose fields are a list', tag(1, 'test.Order', ['tea', {}])],
    ['a registered error whose fields are a list', tag(1, 'test.PaymentError', ['declined'])],
    ['an instance whose fields are a ref', instanceOf('test.Order', [0, null, '/user/a', 1])],
    ['an instance whose fields are an instance', instanceOf('test.Order', [1, 'test.Order', {}])],
    ['a positional instance with named fields', tag(1, 'test.Parcel', { weight: 1, content: 2 })],
    ['a positional instance with too few arguments', tag(1, 'test.Parcel', [1])],
    ['a positional instance with too many arguments', tag(1, 'test.Parcel', [1, 2, 3])],
    ['a positional instance whose arguments are a set', instanceOf('test.Parcel', [3, 1, 2])],
    ['a map with a key too many', tag(2, 'k')],
    ['an error without a message', tag(4, 'Error')],
    ['a date that is a string', tag(5, 'yesterday')],
    ['a tag of an unknown kind', tag(99)],
    ['a tag that is no array', Uint8Array.of(0xd4, 0x41, 0x00, 0x05)],
    ['an object as the key of a map', Uint8Array.of(0x81, 0x81, 0xa1, 0x61, 0x01, 0x01)],
  ])('%s is a DecodeError', (_what, bytes) => {
    const before = process.memoryUsage().heapUsed;
    expect(() => codec.decode(bytes, HERE)).toThrow(DecodeError);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    expect(roundTrip({ fine: true })).toEqual({ fine: true });
  });

  test('an instance cannot run the setters of its class', () => {
    let ran = false;
    class Guarded {
      set admin(_value: boolean) {
        ran = true;
      }
    }
    registerClass('test.Guarded', Guarded);
    const received = codec.decode(tag(1, 'test.Guarded', { admin: true }), HERE);
    expect(received).toBeInstanceOf(Guarded);
    expect(ran).toBe(false);
  });

  test('an instance of a class unknown here arrives as its fields, and the log says so once', () => {
    const bytes = tag(1, 'test.Unknown', { a: 1 });
    expect(codec.decode(bytes, HERE)).toEqual({ a: 1 });
    expect(codec.decode(bytes, HERE)).toEqual({ a: 1 });
    expect(lines.filter(({ message }) => message.includes('registerClass'))).toHaveLength(1);
  });
});

function expectValueOrDecodeError(bytes: Uint8Array): void {
  try {
    codec.decode(bytes, HERE);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
  }
}

function tag(...payload: unknown[]): Uint8Array {
  return Uint8Array.of(0xd4, 0x41, 0x00, ...pack(payload));
}

/** An instance whose content is a tag as well. */
function instanceOf(name: string, content: readonly unknown[]): Uint8Array {
  const head = pack([1, name, 0]).subarray(0, -1);
  return Uint8Array.of(0xd4, 0x41, 0x00, ...head, ...tag(...content));
}

function repeat(pattern: readonly number[], bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => pattern[i % pattern.length]!);
}

function nested(levels: number): unknown {
  let value: unknown[] = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

function cyclic(): unknown {
  const message: Record<string, unknown> = {};
  message.self = message;
  return message;
}

/** Such keys are renamed on the way; what matters is that they do no harm. */
function hasProtoKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  const inner = value instanceof Map ? [...value].flat() : Object.values(value);
  return (value instanceof Set ? [...value] : inner).some(hasProtoKey);
}

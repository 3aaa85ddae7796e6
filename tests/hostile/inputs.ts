// What hostile inputs are made of: bytes near good ones, texts near JSON, values that surprise.
import fc from 'fast-check';

type Edit = (bytes: Buffer) => Buffer;

const place = fc.nat();
const edit = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(place, fc.nat(255)).map(([at, byte]) => overwrite(at, byte)) },
  fc.tuple(place, fc.uint8Array({ maxLength: 12 })).map(([at, some]) => insert(at, some)),
  fc.tuple(place, fc.nat(20)).map(([at, length]) => remove(at, length)),
  fc.tuple(place, fc.nat(40), fc.nat(8)).map(([at, length, times]) => repeat(at, length, times)),
  place.map(
    (at): Edit =>
      (bytes) =>
        bytes.subarray(0, at % (bytes.length + 1)),
  ),
  fc
    .tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.constantFrom(2, 4, 8))
    .map(([at, byte, size]) => overwriteMany(at, byte, size)),
);

/** Bytes a few edits away from one of `seeds`, and now and then bytes of no kind at all. */
export function near(seeds: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
  const edited = fc
    .tuple(fc.constantFrom(...seeds), edits)
    .map(([seed, all]) => all.reduce<Buffer>((bytes, one) => one(bytes), Buffer.from(seed)));
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes): Buffer => Buffer.from(bytes));
  return fc.oneof({ weight: 6, arbitrary: edited }, { weight: 1, arbitrary: random });
}

function overwrite(at: number, byte: number): Edit {
  return (bytes) => {
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  };
}

function overwriteMany(at: number, byte: number, size: number): Edit {
  return (bytes) => {
    const from = at % (bytes.length + 1);
    return bytes.fill(byte, from, Math.min(from + size, bytes.length));
  };
}

function insert(at: number, some: Uint8Array): Edit {
  return (bytes) => {
    const cut = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, cut), some, bytes.subarray(cut)]);
  };
}

function remove(at: number, length: number): Edit {
  return (bytes) => {
    const cut = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, cut), bytes.subarray(cut + length)]);
  };
}

function repeat(at: number, length: number, times: number): Edit {
  return (bytes) => {
    const cut = at % (bytes.length + 1);
    const again = new Array<Buffer>(times).fill(bytes.subarray(cut, cut + length));
    return Buffer.concat([bytes.subarray(0, cut), ...again, bytes.subarray(cut)]);
  };
}

// ---- texts ----------------------------------------------------------------------------------------

/** UTF-16 of any kind, halves of characters too. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ maxLength: maxLength * 2 })
    .map((bytes) => Buffer.from(bytes).toString('utf16le'));
}

/** Numbers as JSON texts, most of them too much for somebody. */
const numberText = fc.oneof(
  fc.constantFrom('0', '-0', '1', '-1', '1.5', '1e999', '-1e999', '9007199254740993', '1E400'),
  fc.constantFrom('9007199254740992', '18446744073709551616', '1e-400', '01', '0x1', 'NaN', '.5'),
  fc.integer().map(String),
  fc.double().map(String),
);
const stringText = fc.oneof(
  anyText(12).map((text) => JSON.stringify(text)),
  fc.constantFrom('""', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\ud800"', '"__proto__"'),
  fc.constantFrom('"lobby"', '"a"', '"-a"', '"A"', '"../x"', '"room-1"', '"posted"'),
  fc
    .tuple(
      fc.constantFrom('a', 'ä', '\\u0001', ' '),
      fc.constantFrom(1, 2, 32, 33, 64, 65, 64, 65, 32, 33, 8193),
    )
    .map(([unit, times]) => `"${unit.repeat(times)}"`),
);
const deepText = fc
  .tuple(
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"$map":[[', ']]}']),
    fc.constantFrom(2, 3, 4, 5, 6, 7, 8, 900),
  )
  .map(([[open, close], depth]) => `${open!.repeat(depth)}1${close!.repeat(depth)}`);

/** JSON texts whose objects have fields of these names, and others that nobody wants. */
export function jsonText(names: readonly string[], leaves: readonly string[] = []) {
  const key = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...names).map((name) => JSON.stringify(name)) },
    fc.constantFrom('"__proto__"', '"constructor"', '"prototype"', '"toString"', '"$map"', '""'),
  );
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('null', 'true', 'false', '', ...leaves) },
        { weight: 3, arbitrary: numberText },
        { weight: 3, arbitrary: stringText },
        deepText,
      ),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 6 })
        .map((fields) => `{${fields.map(([name, field]) => `${name}:${field}`).join(',')}}`),
    ),
  }));
  return value;
}

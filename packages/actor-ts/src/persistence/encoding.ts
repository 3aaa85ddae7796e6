// Events and states as JSON text, so that a person can read the database. What JSON lacks has a
// small tagged form: {"$map": [[k, v]]}, {"$set": [v]}, {"$date": iso}, {"$bigint": digits},
// {"$bytes": base64}, and {"$undefined": true} inside arrays, maps and sets. An own key that begins
// with `$` is written with one `$` more.
import { JournalCorruptError, JournalEncodingError } from '../errors.ts';

/** How deep a value may be nested. */
export const MAX_DEPTH = 256;
/** A nested map takes three levels of text. */
const MAX_TEXT_DEPTH = MAX_DEPTH * 3 + 3;

/**
 * The text of `value`. As in JSON, a field that is undefined is dropped and -0 becomes 0.
 * @throws JournalEncodingError naming the path of what has no text form: functions, symbols, class
 *   instances (refs too), NaN and the infinities, cycles, more than 256 levels
 */
export function encode(value: unknown, what: string): string {
  if (value === undefined) {
    throw new JournalEncodingError(`${what} is undefined; give a value that JSON text can keep`);
  }
  return JSON.stringify(new Encoder(what).convert(value));
}

/** The value of a text that `encode` made. @throws JournalCorruptError naming `kind`, id and number */
export function decode(
  text: string,
  kind: 'event' | 'snapshot',
  persistenceId: string,
  sequenceNr: number,
): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return text.includes('"$') ? revive(value, 0) : value;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new JournalCorruptError(
      `the stored ${kind} ${sequenceNr} of '${persistenceId}' cannot be read: ${why}`,
      { cause },
    );
  }
}

class Encoder {
  private readonly what: string;
  /** Where we are, for the message of a refusal. */
  private readonly path: (string | number)[] = [];
  private readonly ancestors: object[] = [];

  constructor(what: string) {
    this.what = what;
  }

  /** The value itself where JSON can keep it as it is, else a copy with tags. */
  convert(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (!Number.isFinite(value)) this.refuse(String(value));
        return value;
      case 'bigint':
        return { $bigint: value.toString() };
      case 'object':
        return value === null ? null : this.enter(value);
      default:
        return this.refuse(`a ${typeof value}`);
    }
  }

  private enter(value: object): unknown {
    if (this.ancestors.length >= MAX_DEPTH) this.refuse(`more than ${MAX_DEPTH} levels`);
    if (this.ancestors.includes(value)) this.refuse('a cycle');
    this.ancestors.push(value);
    const converted = this.convertObject(value);
    this.ancestors.pop();
    return converted;
  }

  private convertObject(value: object): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.convertFields(value);
    if (prototype === Array.prototype) return this.convertItems(value as unknown[]);
    if (prototype === Map.prototype) {
      const entries = [...(value as Map<unknown, unknown>)];
      return { $map: entries.map((entry, index) => this.at(index, entry)) };
    }
    if (prototype === Set.prototype)
      return { $set: this.convertItems([...(value as Set<unknown>)]) };
    if (prototype === Date.prototype) {
      if (Number.isNaN((value as Date).getTime())) this.refuse('an invalid Date');
      return { $date: (value as Date).toISOString() };
    }
    if (prototype === Uint8Array.prototype || prototype === Buffer.prototype) {
      const { buffer, byteOffset, byteLength } = value as Uint8Array;
      return { $bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
    }
    const name = (value.constructor as { name?: string } | undefined)?.name || 'a class';
    return this.refuse(`an instance of ${name}`);
  }

  private convertFields(value: object): object {
    if (Object.getOwnPropertySymbols(value).length > 0) this.refuse('a field named by a symbol');
    const fields = value as Record<string, unknown>;
    let copy: Record<string, unknown> | null = null;
    const keys = Object.keys(fields);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const field = fields[key];
      const converted = field === undefined ? undefined : this.at(key, field);
      const escaped = key.startsWith('$');
      if (copy === null && (escaped || converted !== field)) {
        // Without a prototype, so that a field named __proto__ is a field like any other.
        copy = Object.create(null) as Record<string, unknown>;
        for (const earlier of keys.slice(0, i)) copy[earlier] = fields[earlier];
      }
      if (copy !== null) copy[escaped ? `$${key}` : key] = converted;
    }
    return copy ?? value;
  }

  private convertItems(items: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | null = null;
    // By index: holes are read as undefined.
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const converted = item === undefined ? { $undefined: true } : this.at(i, item);
      if (copy === null && converted !== item) copy = items.slice(0, i);
      if (copy !== null) copy.push(converted);
    }
    return copy ?? items;
  }

  private at(key: string | number, value: unknown): unknown {
    this.path.push(key);
    const converted = this.convert(value);
    this.path.pop();
    return converted;
  }

  private refuse(got: string): never {
    const path = this.path.map((key) =>
      typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`,
    );
    throw new JournalEncodingError(
      `${this.what} holds ${got} at ${path.join('') || 'its top'}; keep plain data only ` +
        '(objects, arrays, strings, finite numbers, Map, Set, Date, bigint, Uint8Array)',
    );
  }
}

function revive(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_TEXT_DEPTH) throw new Error(`it is nested deeper than ${MAX_TEXT_DEPTH}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = revive(value[i], depth + 1);
    return value;
  }
  const fields = value as Record<string, unknown>;
  const keys = Object.keys(fields);
  const first = keys[0];
  if (first?.startsWith('$') && !first.startsWith('$$') && keys.length === 1) {
    return reviveTag(first, fields[first], depth);
  }
  const revived: Record<string, unknown> = {};
  for (const key of keys) {
    if (key.startsWith('$') && !key.startsWith('$$')) throw new Error(`unknown tag ${key}`);
    setField(revived, key.startsWith('$') ? key.slice(1) : key, revive(fields[key], depth + 1));
  }
  return revived;
}

function reviveTag(tag: string, content: unknown, depth: number): unknown {
  switch (tag) {
    case '$map':
      return new Map(listOf(tag, content, depth).map((entry) => pairOf(tag, entry)));
    case '$set':
      return new Set(listOf(tag, content, depth));
    case '$date': {
      const date = new Date(typeof content === 'string' ? content : Number.NaN);
      if (Number.isNaN(date.getTime())) throw new Error('$date is not a date');
      return date;
    }
    case '$bigint':
      if (typeof content !== 'string' || !/^-?\d+$/.test(content)) {
        throw new Error('$bigint is not a whole number');
      }
      return BigInt(content);
    case '$bytes':
      if (typeof content !== 'string' || !isBase64(content))
        throw new Error('$bytes is not base64');
      return new Uint8Array(Buffer.from(content, 'base64'));
    case '$undefined':
      return undefined;
    default:
      throw new Error(`unknown tag ${tag}`);
  }
}

function listOf(tag: string, content: unknown, depth: number): unknown[] {
  if (!Array.isArray(content)) throw new Error(`${tag} is not a list`);
  return revive(content, depth + 1) as unknown[];
}

function pairOf(tag: string, entry: unknown): [unknown, unknown] {
  if (!Array.isArray(entry) || entry.length !== 2) throw new Error(`${tag} has an odd entry`);
  return entry as [unknown, unknown];
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** An own field, also for the one name that plain assignment would take for the prototype. */
function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    target[key] = value;
  }
}

// Before packing: replaces what MessagePack cannot say (refs, instances, Map, Set, Error, Date) by
// tags. A tree of plain data is returned as it is, without a copy.
import { ActorRef } from '../actor/ActorRef.ts';
import { type MessageClass, registrationOf } from '../actor/serialization.ts';
import { EncodeError } from '../errors.ts';
import { MAX_DEPTH } from './checkBody.ts';
import { Tag, TagKind } from './wireTags.ts';

/** Levels that a tag adds around its content. */
const TAG_LEVELS = 2;

/** Hears of instances whose class is not registered; they travel as their bare fields. */
export type UnregisteredListener = (type: MessageClass) => void;

/** @throws EncodeError for functions, symbols, cycles and more than MAX_DEPTH levels */
export function toWire(value: unknown, depth: number, unregistered: UnregisteredListener): unknown {
  if (typeof value !== 'object') {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new EncodeError(`a ${typeof value} cannot travel in a message: ${describe(value)}`);
    }
    return value;
  }
  if (value === null) return null;
  if (depth > MAX_DEPTH) {
    throw new EncodeError(`a message nests deeper than ${MAX_DEPTH} levels, or contains itself`);
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return fieldsToWire(value as Fields, depth, unregistered);
  if (prototype === Array.prototype) return itemsToWire(value as unknown[], depth, unregistered);
  if (value instanceof ActorRef) return refTag(value);
  return specialToWire(value, prototype, depth, unregistered);
}

type Fields = Record<string, unknown>;

function fieldsToWire(fields: Fields, depth: number, unregistered: UnregisteredListener): Fields {
  let copy: Fields | null = null;
  for (const key in fields) {
    const field = fields[key];
    if (isPlainScalar(field)) continue;
    const wire = toWire(field, depth + 1, unregistered);
    if (wire === field) continue;
    copy ??= { ...fields };
    setField(copy, key, wire);
  }
  return copy ?? fields;
}

function itemsToWire(
  items: unknown[],
  depth: number,
  unregistered: UnregisteredListener,
): unknown[] {
  let copy: unknown[] | null = null;
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (isPlainScalar(item)) continue;
    const wire = toWire(item, depth + 1, unregistered);
    if (wire === item) continue;
    copy ??= items.slice();
    copy[i] = wire;
  }
  return copy ?? items;
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || value === null;
}

/** Assigning to `__proto__` would set the prototype instead of a field. */
function setField(fields: Fields, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(fields, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    fields[key] = value;
  }
}

/** The address is null for an actor of the sending system: the receiver knows who sent the frame. */
function refTag(ref: ActorRef): Tag {
  const { address, path, uid } = ref.path;
  return new Tag([TagKind.Ref, address === null ? null : address.toString(), path, uid]);
}

function specialToWire(
  value: object,
  prototype: { constructor?: unknown } | null,
  depth: number,
  unregistered: UnregisteredListener,
): unknown {
  const inner = depth + TAG_LEVELS;
  const registered = registrationOf(prototype?.constructor);
  if (registered !== undefined) {
    const { name, parameters } = registered;
    const content =
      parameters === null
        ? fieldsToWire(fieldsOf(value), inner, unregistered)
        : parameters.map((field) => toWire((value as Fields)[field], inner + 1, unregistered));
    return new Tag([TagKind.Instance, name, content]);
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value;
  if (value instanceof Map) {
    const payload: unknown[] = [TagKind.Map];
    for (const [key, entry] of value) {
      payload.push(toWire(key, inner, unregistered), toWire(entry, inner, unregistered));
    }
    return new Tag(payload);
  }
  if (value instanceof Set) {
    const payload: unknown[] = [TagKind.Set];
    for (const entry of value) payload.push(toWire(entry, inner, unregistered));
    return new Tag(payload);
  }
  if (value instanceof Date) return new Tag([TagKind.Date, value.getTime()]);
  if (value instanceof Error) {
    const { name: errorName, message } = value;
    const { code, cause } = errorFields(value);
    return new Tag([TagKind.Error, errorName, message, code, toWire(cause, inner, unregistered)]);
  }
  if (Array.isArray(value)) return itemsToWire([...value], depth, unregistered);
  // An object without a class: Object.create(null), or a plain object of another realm.
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain && typeof prototype.constructor === 'function') {
    unregistered(prototype.constructor as MessageClass);
  }
  return fieldsToWire({ ...(value as Fields) }, depth, unregistered);
}

function fieldsOf(value: object): Fields {
  return value instanceof Error ? { ...value, ...errorFields(value) } : { ...value };
}

/** What an error has besides its enumerable fields. The stack stays at home. */
function errorFields(value: Error): { message: string; code?: string | number; cause?: unknown } {
  const { message, cause } = value;
  const { code } = value as { code?: unknown };
  return {
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause === undefined ? {} : { cause }),
  };
}

function describe(value: unknown): string {
  return String(value).split('\n', 1)[0]!.slice(0, 80);
}

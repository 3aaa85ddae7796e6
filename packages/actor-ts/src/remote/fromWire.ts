// While unpacking: makes a value of every tag. The payload may come from anybody, so its shape is
// checked before anything is made of it.
import type { ActorRef } from '../actor/ActorRef.ts';
import { classNamed } from '../actor/serialization.ts';
import { DecodeError } from '../errors.ts';
import { TagKind } from './wireTags.ts';

export interface TagContext {
  /** `address` is null for an actor of the system that sent the message. */
  importRef(address: string | null, path: string, uid: number): ActorRef;
  /** An instance of a class that is not registered here; it arrives as its bare fields. */
  unknownClass(name: string): void;
}

/** @throws DecodeError */
export function fromTag(payload: unknown, context: TagContext): unknown {
  if (!Array.isArray(payload)) throw malformed('a tag');
  switch (payload[0]) {
    case TagKind.Ref:
      return toRef(payload, context);
    case TagKind.Instance:
      return toInstance(payload, context);
    case TagKind.Map:
      return toMap(payload);
    case TagKind.Set:
      return new Set(payload.slice(1));
    case TagKind.Error:
      return toError(payload);
    case TagKind.Date:
      if (payload.length !== 2 || typeof payload[1] !== 'number') throw malformed('a date');
      return new Date(payload[1]);
    default:
      throw malformed('a tag');
  }
}

function toRef(payload: readonly unknown[], context: TagContext): ActorRef {
  const [, address, path, uid] = payload;
  if (
    (address !== null && typeof address !== 'string') ||
    typeof path !== 'string' ||
    typeof uid !== 'number'
  ) {
    throw malformed('a ref');
  }
  return context.importRef(address, path, uid);
}

function toInstance(payload: readonly unknown[], context: TagContext): unknown {
  const [, name, content] = payload;
  if (typeof name !== 'string' || typeof content !== 'object' || content === null) {
    throw malformed('an instance');
  }
  const registered = classNamed(name);
  if (registered === undefined) {
    context.unknownClass(name);
    return content;
  }
  const { type, parameters } = registered;
  if (parameters !== null) {
    if (!Array.isArray(content) || content.length !== parameters.length) throw malformed(name);
    return new (type as new (...args: unknown[]) => object)(...content);
  }
  // What is no plain object is a value of its own already, which must not become another.
  if (Object.getPrototypeOf(content) !== Object.prototype) throw malformed(name);
  if (type.prototype instanceof Error) return toErrorInstance(type.prototype, content as Fields);
  // Not by assignment: that would run setters, and fail where the class has a getter of that name.
  return Object.setPrototypeOf(content, type.prototype);
}

type Fields = Record<string, unknown>;

function toErrorInstance(prototype: Error, { message, cause, ...rest }: Fields): Error {
  const error = Object.setPrototypeOf(new Error(String(message), causeOption(cause)), prototype);
  for (const [key, value] of Object.entries(rest)) {
    Object.defineProperty(error, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return withoutStack(error);
}

function toMap(payload: readonly unknown[]): Map<unknown, unknown> {
  if (payload.length % 2 !== 1) throw malformed('a map');
  const map = new Map();
  for (let i = 1; i < payload.length; i += 2) map.set(payload[i], payload[i + 1]);
  return map;
}

const BUILT_IN_ERRORS: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [
    type.name,
    type as ErrorConstructor,
  ]),
);

function toError(payload: readonly unknown[]): Error {
  const [, name, message, code, cause] = payload;
  if (typeof name !== 'string' || typeof message !== 'string') throw malformed('an error');
  const type = BUILT_IN_ERRORS.get(name);
  const error = new (type ?? Error)(message, causeOption(cause));
  if (type === undefined) {
    Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  }
  if (typeof code === 'string' || typeof code === 'number') Object.assign(error, { code });
  return withoutStack(error);
}

function causeOption(cause: unknown): { cause: unknown } | undefined {
  return cause === undefined ? undefined : { cause };
}

/** Where it was decoded says nothing about where it happened. */
function withoutStack(error: Error): Error {
  error.stack = `${error.name}: ${error.message}\n    at another node`;
  return error;
}

function malformed(what: string): DecodeError {
  return new DecodeError(`${what} has not the shape it should have`);
}

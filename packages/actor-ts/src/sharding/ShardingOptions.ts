// What `start` and `startProxy` take, and the settings that come of it.
import type { Actor } from '../actor/Actor.ts';
import { Props } from '../actor/Props.ts';
import {
  checkOptions,
  isBoolean,
  isDurationMs,
  isFunction,
  isInteger,
  isString,
  rule,
} from '../options.ts';

export interface ShardingOptions<TMsg = any> {
  /** Name of this kind of entity, the same on all nodes. Letters, digits, `-`, `_` and `.`. */
  typeName: string;
  /** Makes an entity. It reads its id from `this.entityId`. */
  entityProps: Props<any>;
  /** Which entity a message is for: 1 to 1024 characters. */
  extractEntityId: (message: TMsg) => string;
  /** What the entity gets of the message; default: the message. Runs where the entity lives. */
  extractEntityMessage?: (message: TMsg) => unknown;
  /** From 1 to 10,000, the same on all nodes; default 64. */
  numShards?: number;
  /** Entities live only on members with this role. */
  role?: string;
  /** This node hosts no entities, it only sends messages to them. */
  proxy?: boolean;
  /**
   * Entities are started again where their shard moves, without waiting for a message. Kept in the
   * journal, or in the memory of all nodes while the journal is the default one.
   */
  rememberEntities?: boolean;
  /** Milliseconds without a message after which an entity is stopped; default: never. */
  passivationIdleMs?: number;
  /** Running entities on this node; above that the least recently used are stopped. */
  maxEntities?: number;
  /** Milliseconds that entities have to stop before they are made to; default 5000. */
  handOffTimeoutMs?: number;
  /** Milliseconds between two looks at the balance; default 1000. */
  rebalanceIntervalMs?: number;
  /** Messages of this type that may wait on this node; default 10,000. The rest: dead letters. */
  bufferCapacity?: number;
}

export type ProxyOptions<TMsg = any> = Omit<
  ShardingOptions<TMsg>,
  'entityProps' | 'proxy' | 'rememberEntities' | 'passivationIdleMs' | 'maxEntities'
>;

export interface ShardingSettings {
  readonly typeName: string;
  readonly entityProps: Props<any> | null;
  readonly extractEntityId: (message: any) => unknown;
  readonly extractEntityMessage: ((message: any) => unknown) | null;
  readonly numShards: number;
  readonly role: string | undefined;
  readonly proxy: boolean;
  readonly rememberEntities: boolean;
  readonly passivationIdleMs: number | null;
  readonly maxEntities: number | null;
  readonly handOffTimeoutMs: number;
  readonly rebalanceIntervalMs: number;
  readonly bufferCapacity: number;
}

const TYPE_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

const rules = {
  typeName: rule('1 to 128 letters, digits, -, _ or .', (value) => {
    return typeof value === 'string' && TYPE_NAME.test(value);
  }),
  entityProps: rule('a Props', (value) => value instanceof Props),
  extractEntityId: isFunction,
  extractEntityMessage: isFunction,
  numShards: isInteger(1, 10_000),
  role: isString,
  proxy: isBoolean,
  rememberEntities: isBoolean,
  passivationIdleMs: isDurationMs(1),
  maxEntities: isInteger(1),
  handOffTimeoutMs: isDurationMs(1),
  rebalanceIntervalMs: isDurationMs(1),
  bufferCapacity: isInteger(0),
};

/** @throws OptionsError */
export function checkSharding(where: string, options: Partial<ShardingOptions>): ShardingSettings {
  const required = ['typeName', 'extractEntityId'] as const;
  checkOptions(where, options, rules, options?.proxy ? required : [...required, 'entityProps']);
  return {
    typeName: options.typeName!,
    entityProps: options.entityProps ?? null,
    extractEntityId: options.extractEntityId!,
    extractEntityMessage: options.extractEntityMessage ?? null,
    numShards: options.numShards ?? 64,
    role: options.role,
    proxy: options.proxy ?? false,
    rememberEntities: options.rememberEntities ?? false,
    passivationIdleMs: options.passivationIdleMs ?? null,
    maxEntities: options.maxEntities ?? null,
    handOffTimeoutMs: options.handOffTimeoutMs ?? 5000,
    rebalanceIntervalMs: options.rebalanceIntervalMs ?? 1000,
    bufferCapacity: options.bufferCapacity ?? 10_000,
  };
}

type ActorClass = new () => Actor<any>;

/** A class is called with `new`, anything else as a function. */
export function toProps(classOrFactory: ActorClass | (() => Actor<any>) | Props<any>): Props<any> {
  if (classOrFactory instanceof Props) return classOrFactory;
  const isClass = /^class\b/.test(Function.prototype.toString.call(classOrFactory));
  return isClass
    ? Props.create(() => new (classOrFactory as ActorClass)())
    : Props.create(classOrFactory as () => Actor<any>);
}

/** The name of the first setting, functions aside, that is not the same; null when all are. */
export function differenceBetween(a: ShardingSettings, b: ShardingSettings): string | null {
  for (const key of Object.keys(a) as (keyof ShardingSettings)[]) {
    const isPlain = typeof a[key] !== 'function' && key !== 'entityProps';
    if (isPlain && a[key] !== b[key]) return key;
  }
  return null;
}

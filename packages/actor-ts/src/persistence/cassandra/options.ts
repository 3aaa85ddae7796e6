// What the journal and the snapshot store in Cassandra take, and the rules for it.
import type { Logger } from '../../actor/Logger.ts';
import { OptionsError } from '../../errors.ts';
import {
  checkOptions,
  isBoolean,
  isDurationMs,
  isInteger,
  isListOf,
  isObject,
  isString,
  type OptionRule,
  rule,
} from '../../options.ts';

/** As CQL has it: the class, and for it one factor, or one for each data centre. */
export type Replication =
  | { class: 'SimpleStrategy'; replication_factor: number }
  | { class: 'NetworkTopologyStrategy'; [dataCenter: string]: string | number };

/** Those that read what others have written. */
export type Consistency = 'LOCAL_QUORUM' | 'QUORUM' | 'ALL';
export type SerialConsistency = 'SERIAL' | 'LOCAL_SERIAL';

export interface CassandraOptions {
  /** Some nodes to ask for all others: `host` or `host:port`. */
  contactPoints: string[];
  /** A name of its own, lower case. Journal and snapshot store may share it. */
  keyspace: string;
  /** The data centre whose nodes are asked, for example 'datacenter1'. */
  localDataCenter: string;
  /** Of contact points without one, and of all other nodes. Default 9042. */
  port?: number;
  credentials?: { username: string; password: string };
  /** For a keyspace that is made here. Default: one replica, in `localDataCenter`. */
  replication?: Replication;
  /** Make the keyspace where there is none. Default true. */
  autoCreateKeyspace?: boolean;
  /** Make the tables where there are none. Default true. */
  autoCreateTables?: boolean;
  /** Of writes, and of reads that decide nothing. Default 'LOCAL_QUORUM'. */
  consistency?: Consistency;
  /** Of conditions, and of reads that decide who owns a stream. Default 'SERIAL'. */
  serialConsistency?: SerialConsistency;
  /** How long to wait for the database when opening, in milliseconds. Default 120000. */
  startupDeadlineMs?: number;
  /**
   * How long to try to reach the database, or to find out what became of a write, before the caller
   * is told that it failed, in milliseconds. Default 15000.
   */
  deadlineMs?: number;
  /** Hears of waiting. Default: JSON lines on standard output. */
  log?: Logger;
}

export const DEFAULT_PORT = 9042;
export const DEFAULT_STARTUP_DEADLINE_MS = 120_000;
export const DEFAULT_DEADLINE_MS = 15_000;

const isContactPoint = rule(
  '`host` or `host:port`',
  (value) => typeof value === 'string' && /^([\w.-]+|\[[\da-fA-F:.]+\])(:\d{1,5})?$/.test(value),
);
const isFactor = isInteger(1, 100);

const rules: Record<string, OptionRule> = {
  contactPoints: rule(
    `a list of at least one, each entry ${isContactPoint.takes}`,
    (value) => isListOf(isContactPoint).fits(value) && (value as unknown[]).length > 0,
  ),
  // Unquoted names are lower case, 48 characters are Cassandra's bound.
  keyspace: rule(
    '1 to 48 lower-case letters, digits and underscores, a letter first',
    (value) => typeof value === 'string' && /^[a-z][a-z0-9_]{0,47}$/.test(value),
  ),
  localDataCenter: isString,
  port: isInteger(1, 65_535),
  credentials: rule('{ username, password }', (value) => {
    const { username, password } = (value ?? {}) as Record<string, unknown>;
    return isString.fits(username) && typeof password === 'string';
  }),
  replication: rule(
    "{ class: 'SimpleStrategy', replication_factor } or { class: 'NetworkTopologyStrategy', [data centre]: factor }",
    isReplication,
  ),
  autoCreateKeyspace: isBoolean,
  autoCreateTables: isBoolean,
  consistency: isOneOf('LOCAL_QUORUM', 'QUORUM', 'ALL'),
  serialConsistency: isOneOf('SERIAL', 'LOCAL_SERIAL'),
  startupDeadlineMs: isDurationMs(0),
  deadlineMs: isDurationMs(0),
  log: isObject,
};

/** @throws OptionsError, which never shows a password */
export function checkCassandraOptions(
  where: string,
  options: CassandraOptions,
  further: Record<string, OptionRule>,
): void {
  const { credentials } = options ?? {};
  if (credentials !== undefined && !rules.credentials!.fits(credentials)) {
    throw new OptionsError(`${where}: \`credentials\` takes ${rules.credentials!.takes}`);
  }
  checkOptions(where, options, { ...rules, ...further }, [
    'contactPoints',
    'keyspace',
    'localDataCenter',
  ]);
}

function isOneOf(...names: readonly string[]): OptionRule {
  return rule(`one of ${names.join(', ')}`, (value) => names.includes(value as string));
}

function isReplication(value: unknown): boolean {
  if (!isObject.fits(value)) return false;
  const { class: strategy, ...factors } = value as Record<string, unknown>;
  const names = Object.keys(factors);
  if (names.length === 0 || !names.every((name) => isFactor.fits(factors[name]))) return false;
  if (strategy === 'SimpleStrategy') return names.join() === 'replication_factor';
  return strategy === 'NetworkTopologyStrategy' && names.every((name) => /^[\w-]+$/.test(name));
}

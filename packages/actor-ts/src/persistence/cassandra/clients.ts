// One driver client for all stores of a process that talk to the same Cassandra, and the wait for it
// to answer. The driver is loaded when the first of them opens.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'cassandra-driver';
import { defaultLogger, type Logger } from '../../actor/Logger.ts';
import { JournalClosedError, JournalError, OptionsError } from '../../errors.ts';
import { isBadOption, isLoginRefused, reasonOf } from './errors.ts';
import { type CassandraOptions, DEFAULT_PORT, DEFAULT_STARTUP_DEADLINE_MS } from './options.ts';
import { Pulse } from './Pulse.ts';

export type Driver = typeof import('cassandra-driver');

const CONNECT_TIMEOUT_MS = 5000;
/** After which a request without an answer is given up. Cassandra's own limits are below. */
const REQUEST_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 5000;
/** The same for the question whether it answers at all. */
const PULSE_TIMEOUT_MS = 1500;
const RECONNECT_MS = 500;
/** Between two tries to connect while opening. */
const TRY_AGAIN_MS = 500;
const LOG_EVERY_MS = 5000;

export interface SharedClient {
  readonly driver: Driver;
  readonly client: Client;
  readonly pulse: Pulse;
  /** Shuts the client down when nobody else holds it. */
  release(): Promise<void>;
}

interface Entry {
  readonly connected: Promise<Omit<SharedClient, 'release'>>;
  /** Of each holder: whether it still wants to be connected. */
  readonly holders: Set<() => boolean>;
}

const entries = new Map<string, Entry>();

/**
 * @param isWanted asked while waiting: a store that was closed meanwhile wants no connection
 * @throws JournalError when the database did not answer in time
 * @throws OptionsError when it has no such data centre, or refuses the credentials
 */
export async function acquireClient(
  options: CassandraOptions,
  isWanted: () => boolean,
): Promise<SharedClient> {
  const key = keyOf(options);
  let entry = entries.get(key);
  if (entry === undefined) {
    const holders = new Set<() => boolean>();
    entry = { holders, connected: connect(options, holders) };
    entries.set(key, entry);
  }
  const { connected, holders } = entry;
  holders.add(isWanted);
  const leave = () => {
    holders.delete(isWanted);
    const last = holders.size === 0;
    if (last && entries.get(key) === entry) entries.delete(key);
    return last;
  };
  try {
    const { driver, client, pulse } = await connected;
    const release = async () => {
      if (!leave()) return;
      pulse.end();
      await client.shutdown();
    };
    return { driver, client, pulse, release };
  } catch (error) {
    // Whoever opens next tries anew.
    leave();
    if (entries.get(key) === entry) entries.delete(key);
    throw error;
  }
}

/** What a client is made of. Keyspace and consistency go along with each statement. */
function keyOf({ contactPoints, port, localDataCenter, credentials }: CassandraOptions): string {
  const { username, password } = credentials ?? {};
  return JSON.stringify([[...contactPoints].sort(), port, localDataCenter, username, password]);
}

async function connect(options: CassandraOptions, holders: ReadonlySet<() => boolean>) {
  const { startupDeadlineMs = DEFAULT_STARTUP_DEADLINE_MS, contactPoints } = options;
  const { default: driver } = await import('cassandra-driver');
  const where = `Cassandra at ${contactPoints.join(', ')}`;
  const log = options.log ?? defaultLogger('cassandra', 'info');
  const waiting = new Waiting(where, startupDeadlineMs, log);
  try {
    for (;;) {
      const client = newClient(driver, options);
      try {
        await client.connect();
        waiting.answered();
        return { driver, client, pulse: pulseOf(client, driver, where, log) };
      } catch (error) {
        await client.shutdown();
        const fatal = fatalError(error, where, options);
        if (fatal !== null) throw fatal;
        waiting.failed(error);
      }
      if (![...holders].some((isWanted) => isWanted())) {
        throw new JournalClosedError(`closed while waiting for ${where}`);
      }
      await delay(TRY_AGAIN_MS);
    }
  } finally {
    waiting.end();
  }
}

/** Says every few seconds that we wait, for what and why, and when it is enough. */
class Waiting {
  private readonly where: string;
  private readonly deadlineMs: number;
  private readonly log: Logger;
  private readonly start = performance.now();
  private readonly timer: NodeJS.Timeout;
  private reason = 'no answer yet';
  private told = false;

  constructor(where: string, deadlineMs: number, log: Logger) {
    this.where = where;
    this.deadlineMs = deadlineMs;
    this.log = log;
    this.timer = setInterval(() => this.tell(), LOG_EVERY_MS);
  }

  answered(): void {
    if (this.told) this.log.info(`${this.where} answers`);
  }

  /** @throws JournalError when it is enough */
  failed(cause: unknown): void {
    this.reason = reasonOf(cause);
    if (performance.now() - this.start < this.deadlineMs) {
      if (!this.told) this.tell();
      return;
    }
    throw new JournalError(
      `${this.where} did not answer within ${this.seconds} s: ${this.reason}; does it run, and can ` +
        'this machine reach it?',
      { cause },
    );
  }

  end(): void {
    clearInterval(this.timer);
  }

  private tell(): void {
    this.told = true;
    const limit = Math.round(this.deadlineMs / 1000);
    this.log.warn(`waiting for ${this.where}, ${this.seconds} s of ${limit} s: ${this.reason}`);
  }

  private get seconds(): number {
    return Math.round((performance.now() - this.start) / 1000);
  }
}

function newClient(driver: Driver, options: CassandraOptions): Client {
  const { contactPoints, localDataCenter, credentials, port = DEFAULT_PORT } = options;
  const { policies } = driver;
  return new driver.Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    credentials,
    protocolOptions: { port },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: REQUEST_TIMEOUT_MS },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    policies: {
      // Whether and how to try again is decided here, statement by statement.
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
    },
    queryOptions: { prepare: true, isIdempotent: false },
  });
}

function pulseOf(client: Client, { types }: Driver, where: string, log: Logger): Pulse {
  const query = 'SELECT key FROM system.local';
  const settings = { readTimeout: PULSE_TIMEOUT_MS, consistency: types.consistencies.localOne };
  return new Pulse(
    () => client.execute(query, [], settings),
    (isAnswering) => {
      if (isAnswering) log.info(`${where} answers again`);
      else log.warn(`${where} does not answer`);
    },
  );
}

/** What waiting does not mend. */
function fatalError(error: unknown, where: string, { localDataCenter }: CassandraOptions) {
  if (isLoginRefused(error)) {
    return new OptionsError(`\`credentials\`: ${where} refuses them: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  if (isBadOption(error)) {
    return new OptionsError(
      `\`localDataCenter\` is '${localDataCenter}': ${where} says: ${reasonOf(error)}`,
      { cause: error },
    );
  }
  return null;
}

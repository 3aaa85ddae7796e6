// What one store has of a Cassandra: statements with the consistency that was asked for, tried again
// where that is safe, and only there.
import { setTimeout as delay } from 'node:timers/promises';
import type { QueryOptions, types } from 'cassandra-driver';
import { acquireClient, type SharedClient } from './clients.ts';
import { isRefused, isUnreachable, toJournalError } from './errors.ts';
import { type CassandraOptions, DEFAULT_DEADLINE_MS } from './options.ts';
import { prepareKeyspace } from './schema.ts';

export type Row = types.Row;

export interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

export interface Page {
  readonly rows: Row[];
  readonly more: boolean;
}

/** Rows of a statement that has few. */
const SMALL_PAGE = 5000;
/** The longest pause between two tries, in milliseconds, before jitter. */
const MAX_BACKOFF_MS = 1000;

export class CassandraConnection {
  readonly deadlineMs: number;
  private readonly shared: SharedClient;
  private readonly consistency: types.consistencies;
  private readonly serialConsistency: types.consistencies;
  private closed = false;

  private constructor(shared: SharedClient, options: CassandraOptions) {
    const { consistencies } = shared.driver.types;
    this.shared = shared;
    this.deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.consistency = {
      LOCAL_QUORUM: consistencies.localQuorum,
      QUORUM: consistencies.quorum,
      ALL: consistencies.all,
    }[options.consistency ?? 'LOCAL_QUORUM'];
    this.serialConsistency = {
      SERIAL: consistencies.serial,
      LOCAL_SERIAL: consistencies.localSerial,
    }[options.serialConsistency ?? 'SERIAL'];
  }

  /** Waits for the database and makes keyspace and tables. @throws JournalError | OptionsError */
  static async open(options: CassandraOptions, isWanted: () => boolean) {
    const shared = await acquireClient(options, isWanted);
    const connection = new CassandraConnection(shared, options);
    try {
      await prepareKeyspace(async (query, params) => {
        // Schema statements are not prepared, and take their time.
        const settings = { prepare: false, readTimeout: 30_000 };
        return (await shared.client.execute(query, [...params], settings)).rows;
      }, options);
      return connection;
    } catch (error) {
      await shared.release();
      throw toJournalError(error, `prepare the keyspace ${options.keyspace}`);
    }
  }

  /** Whether the database answers this process, as of a moment ago. */
  get isAnswering(): boolean {
    return this.shared.pulse.isAnswering;
  }

  close(): Promise<void> {
    this.closed = true;
    return this.shared.release();
  }

  newId(): types.Uuid {
    return this.shared.driver.types.Uuid.random();
  }

  newTimeId(): types.TimeUuid {
    return this.shared.driver.types.TimeUuid.now();
  }

  /** Stands for a column that is not written at all. */
  get unset(): unknown {
    return this.shared.driver.types.unset;
  }

  /** Reads what was acknowledged; few rows only. Tried again until the deadline. */
  async read(query: string, params: readonly unknown[]): Promise<Row[]> {
    return (await this.readPage(query, params, SMALL_PAGE)).rows;
  }

  /** As `read`, about `pageRows` rows at most, and whether there are more. */
  readPage(query: string, params: readonly unknown[], pageRows: number): Promise<Page> {
    return this.persistently('read', () => this.select(query, params, this.consistency, pageRows));
  }

  /** Reads what is decided, and decides what is still undecided. Tried again until the deadline. */
  readSerial(query: string, params: readonly unknown[]): Promise<Row[]> {
    return this.persistently('read', () => this.readSerialOnce(query, params));
  }

  async readSerialOnce(query: string, params: readonly unknown[]): Promise<Row[]> {
    return (await this.select(query, params, this.serialConsistency, SMALL_PAGE)).rows;
  }

  /** A write that may be repeated: it has the same effect as once. Tried again until the deadline. */
  write(query: string, params: readonly unknown[]): Promise<void> {
    return this.persistently('write', async () => {
      await this.shared.client.execute(query, [...params], { consistency: this.consistency });
    });
  }

  /**
   * Conditional statements of one partition, all or nothing; whether the conditions held. Sent once:
   * a failure that is neither refused nor unreachable (see `errors.ts`) leaves the outcome open.
   */
  async compareAndSet(statements: readonly Statement[]): Promise<boolean> {
    const settings: QueryOptions = {
      prepare: true,
      logged: false,
      consistency: this.consistency,
      serialConsistency: this.serialConsistency,
    };
    const queries = statements.map(({ query, params }) => ({ query, params: [...params] }));
    return (await this.shared.client.batch(queries, settings)).wasApplied();
  }

  /** As `compareAndSet`; waits until the deadline for a node to send it to. */
  async compareAndSetWhenReachable(statements: readonly Statement[]): Promise<boolean> {
    const deadline = performance.now() + this.deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.compareAndSet(statements);
      } catch (error) {
        // Never sent, so sending it now is the first time.
        if (!isUnreachable(error) || performance.now() >= deadline) throw error;
      }
      await backOff(attempt);
    }
  }

  private async select(
    query: string,
    params: readonly unknown[],
    consistency: types.consistencies,
    fetchSize: number,
  ): Promise<Page> {
    const settings = { prepare: true, consistency, fetchSize };
    const result = await this.shared.client.execute(query, [...params], settings);
    return { rows: result.rows, more: Boolean(result.pageState) };
  }

  private async persistently<T>(doing: string, action: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        if (isRefused(error) || this.closed || performance.now() >= deadline) {
          throw toJournalError(error, `${doing} in Cassandra`);
        }
      }
      await backOff(attempt);
    }
  }
}

/** The pause before try number `attempt` + 1: longer each time, never in step. */
export function backOff(attempt: number): Promise<void> {
  return delay(Math.min(20 * 2 ** attempt, MAX_BACKOFF_MS) * (0.5 + Math.random()));
}

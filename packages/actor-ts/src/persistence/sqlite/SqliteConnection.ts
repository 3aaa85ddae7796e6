// One connection to a database file that several processes write to. SQLite never waits for a lock
// here, because that would block the event loop: who finds the file busy tries again a little later.
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { JournalError } from '../../errors.ts';
import { isBoolean, isDurationMs, isString } from '../../options.ts';
import { CommitFailure, isBusy, toJournalError } from './errors.ts';
import { prepareDatabase } from './schema.ts';

export interface SqliteOptions {
  /** The database file, made with its directory when absent; ':memory:' for none. */
  path: string;
  /** Write-ahead log: readers and the writer do not wait for each other. Default true. */
  wal?: boolean;
  /** How long to try for a lock that others hold, in milliseconds. Default 5000. */
  busyDeadlineMs?: number;
}

export const sqliteRules = {
  path: isString,
  wal: isBoolean,
  busyDeadlineMs: isDurationMs(0),
};

const DEFAULT_BUSY_DEADLINE_MS = 5000;
/** The longest pause between two tries, before jitter. */
const MAX_BACKOFF_MS = 4;

export class SqliteConnection {
  readonly path: string;
  readonly busyDeadlineMs: number;
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  private constructor(db: DatabaseSync, path: string, busyDeadlineMs: number) {
    this.db = db;
    this.path = path;
    this.busyDeadlineMs = busyDeadlineMs;
  }

  /** @throws JournalError */
  static async open(options: SqliteOptions): Promise<SqliteConnection> {
    const { path, wal = true, busyDeadlineMs = DEFAULT_BUSY_DEADLINE_MS } = options;
    let db: DatabaseSync | null = null;
    try {
      if (path !== ':memory:') await mkdir(dirname(resolve(path)), { recursive: true });
      const sqlite = await import('node:sqlite');
      const opened = new sqlite.DatabaseSync(path, { timeout: 0 });
      db = opened;
      await whenFree(() => prepareDatabase(opened, wal), busyDeadlineMs);
      return new SqliteConnection(opened, path, busyDeadlineMs);
    } catch (error) {
      db?.close();
      if (isBusy(error)) throw busyError(path, busyDeadlineMs, error);
      throw toJournalError(error, path, 'open');
    }
  }

  /** A prepared statement, kept. Rows come as arrays. */
  statement(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      statement.setReturnArrays(true);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /**
   * Runs `body` as one write transaction, within this turn of the loop. Throws what `body` throws,
   * busy (nothing was written), or CommitFailure (unknown).
   */
  transaction<T>(body: () => T): T {
    this.rollBack();
    this.statement('BEGIN IMMEDIATE').run();
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.rollBack();
      throw error;
    }
    this.commit();
    return result;
  }

  /** Runs `action` now, or as soon as the file is free. `doing` completes "could not …". @throws JournalError */
  async run<T>(action: () => T, doing: string): Promise<T> {
    try {
      return await whenFree(action, this.busyDeadlineMs);
    } catch (error) {
      if (isBusy(error)) throw busyError(this.path, this.busyDeadlineMs, error);
      throw toJournalError(error, this.path, doing);
    }
  }

  close(): void {
    this.statements.clear();
    this.db.close();
  }

  private commit(): void {
    try {
      this.statement('COMMIT').run();
    } catch (cause) {
      if (!isBusy(cause)) throw new CommitFailure('COMMIT failed', { cause });
      this.rollBack();
      throw cause;
    }
  }

  /** Leaves a transaction that failed, unless SQLite has done so by itself. */
  private rollBack(): void {
    if (this.db.isTransaction) this.db.exec('ROLLBACK');
  }
}

/** The pause before try number `attempt` (from 0), in milliseconds: longer each time, never in step. */
export function backoffMs(attempt: number): number {
  return Math.min(2 ** attempt, MAX_BACKOFF_MS) * (0.5 + Math.random());
}

export function busyError(path: string, waitedMs: number, cause: unknown): JournalError {
  return new JournalError(
    `${path} was busy for ${waitedMs} ms: another process holds its lock; nothing was written`,
    { cause },
  );
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

async function whenFree<T>(action: () => T, deadlineMs: number): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
    await pause(backoffMs(attempt));
  }
}

// The nodes' SQLite journal, read and written beside them. The tests' own process does it for nodes
// that are processes; for containers a container that shares their volume does.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type PersistedEvent, SqliteJournal } from 'actor-ts';

const BUSY_TIMEOUT_MS = 5000;
const HELD_MS = 400;

export type Row = Readonly<Record<string, any>>;

export interface JournalData extends AsyncDisposable {
  /** Whether the database file is there. */
  exists(): Promise<boolean>;
  /** Reads rows of the database. */
  query(sql: string, ...values: string[]): Promise<Row[]>;
  /** Whether somebody holds the write lock for longer than it takes to write. */
  isHeld(): Promise<boolean>;
  /** Keeps everybody else from writing until the lock is disposed of. */
  lock(): Promise<AsyncDisposable>;
  /** The name of the stream whose name ends with `ending`; null when there is none. */
  streamOf(ending: string): Promise<string | null>;
  /** All events of a stream, in order; none of one that is not there. */
  eventsOf(stream: string): Promise<readonly PersistedEvent[]>;
  /** Null when the stream has no such event. */
  eventAt(stream: string, seq: number): Promise<unknown>;
  /** Writes after the stream's last event. @returns that event's number, 0 for a new stream */
  append(stream: string, make: (head: number) => unknown[]): Promise<number>;
}

/** What `JournalData` is made of: calls that can go to another process, data in and data out. */
export class SqliteDesk {
  private readonly path: string;
  private locked: DatabaseSync | null = null;

  constructor(path: string) {
    this.path = path;
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  query(sql: string, ...values: string[]): Row[] {
    const database = new DatabaseSync(this.path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      return database.prepare(sql).all(...values);
    } finally {
      database.close();
    }
  }

  isHeld(): boolean {
    const database = new DatabaseSync(this.path, { timeout: HELD_MS });
    try {
      database.exec('BEGIN IMMEDIATE');
      return false;
    } catch (error) {
      if (/database is locked/.test((error as Error).message)) return true;
      throw error;
    } finally {
      database.close(); // rolls back what was not committed: nothing
    }
  }

  lock(): void {
    if (this.locked !== null) throw new Error('the journal is locked already');
    const database = new DatabaseSync(this.path, { timeout: BUSY_TIMEOUT_MS });
    database.exec('BEGIN IMMEDIATE');
    this.locked = database;
  }

  unlock(): void {
    this.locked?.close(); // rolls back what was not committed: nothing
    this.locked = null;
  }

  streamOf(ending: string): Promise<string | null> {
    return this.opened(async (journal) => {
      for await (const id of journal.persistenceIds()) if (id.endsWith(ending)) return id;
      return null;
    });
  }

  eventAt(stream: string, seq: number): Promise<unknown> {
    return this.opened(async (journal) => {
      for await (const { event } of journal.read(stream, seq, seq)) return event;
      return null;
    });
  }

  eventsOf(stream: string): Promise<PersistedEvent[]> {
    return this.opened(async (journal) => {
      const events: PersistedEvent[] = [];
      for await (const event of journal.read(stream, 1)) events.push(event);
      return events;
    });
  }

  highestSeq(stream: string): Promise<number> {
    return this.opened((journal) => journal.highestSeq(stream));
  }

  appendAfter(stream: string, head: number, events: unknown[]): Promise<void> {
    return this.opened(async (journal) => void (await journal.append(stream, events, head)));
  }

  private async opened<T>(use: (journal: SqliteJournal) => Promise<T>): Promise<T> {
    const journal = new SqliteJournal({ path: this.path });
    await journal.open();
    try {
      return await use(journal);
    } finally {
      await journal.close();
    }
  }
}

export type DeskMethod = keyof SqliteDesk;

/** What calls a desk, here or elsewhere. */
export interface DeskCaller extends AsyncDisposable {
  call(method: DeskMethod, ...values: unknown[]): Promise<any>;
}

/** A desk in this process. */
export function deskAt(path: string): DeskCaller {
  const desk = new SqliteDesk(path);
  return {
    call: async (method, ...values) =>
      (desk[method] as (...values: unknown[]) => unknown)(...values),
    [Symbol.asyncDispose]: async () => desk.unlock(),
  };
}

export function journalData(desk: DeskCaller): JournalData {
  return {
    exists: () => desk.call('exists'),
    query: (sql, ...values) => desk.call('query', sql, ...values),
    isHeld: () => desk.call('isHeld'),
    async lock() {
      await desk.call('lock');
      return { [Symbol.asyncDispose]: () => desk.call('unlock') };
    },
    streamOf: (ending) => desk.call('streamOf', ending),
    eventsOf: (stream) => desk.call('eventsOf', stream),
    eventAt: (stream, seq) => desk.call('eventAt', stream, seq),
    async append(stream, make) {
      const head: number = await desk.call('highestSeq', stream);
      await desk.call('appendAfter', stream, head, make(head));
      return head;
    },
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  };
}

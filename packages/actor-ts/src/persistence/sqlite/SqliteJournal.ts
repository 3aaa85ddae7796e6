// A journal in an SQLite file that several processes share.
import { setImmediate } from 'node:timers/promises';
import { checkOptions, isInteger } from '../../options.ts';
import {
  AbstractJournal,
  type EventPage,
  type EventText,
  type StoredEvent,
} from '../AbstractJournal.ts';
import { decode } from '../encoding.ts';
import type { Tags } from '../validate.ts';
import { GroupCommit } from './GroupCommit.ts';
import { SqliteConnection, type SqliteOptions, sqliteRules } from './SqliteConnection.ts';

export interface SqliteJournalOptions extends SqliteOptions {
  /** Events read at a time, 1 to 10000. Default 500. */
  pageEvents?: number;
  /** Appends that may wait at a time; further ones are refused. Default 10000. */
  maxPendingAppends?: number;
}

const DEFAULT_PAGE_EVENTS = 500;
/** Bytes of text after which a page ends early. */
const PAGE_BYTES = 4 * 1024 * 1024;
const DEFAULT_MAX_PENDING_APPENDS = 10_000;
/** Events deleted by one transaction, so that writers do not wait for long. */
const DELETE_EVENTS = 1000;
const LIST_IDS = 500;

const PAGE = `FROM events WHERE pid = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?`;
const READ = `SELECT seq, at, tags, event ${PAGE}`;
const BYTES = `SELECT total(octet_length(event)) FROM (SELECT event ${PAGE})`;
const KEEP_HEAD = `INSERT INTO heads (pid, head) VALUES (?, ?)
  ON CONFLICT (pid) DO UPDATE SET head = max(head, excluded.head)`;
const DELETE = `DELETE FROM events WHERE pid = ?1 AND seq IN
  (SELECT seq FROM events WHERE pid = ?1 AND seq <= ?2 ORDER BY seq LIMIT ${DELETE_EVENTS})`;
// Jumps from id to id through the index instead of walking over all events.
const IDS = `WITH RECURSIVE ids (pid) AS (
    SELECT min(pid) FROM events WHERE pid > ?1
    UNION ALL
    SELECT (SELECT min(pid) FROM events WHERE pid > ids.pid) FROM ids WHERE pid IS NOT NULL
  )
  SELECT pid FROM (SELECT pid FROM ids WHERE pid IS NOT NULL LIMIT ${LIST_IDS})
  UNION
  SELECT pid FROM (SELECT pid FROM heads WHERE pid > ?1 ORDER BY pid LIMIT ${LIST_IDS})
  ORDER BY pid LIMIT ${LIST_IDS}`;

type Page = readonly [pid: string, fromSeq: number, toSeq: number, limit: number];
type Row = readonly [sequenceNr: number, timestamp: number, tags: string | null, event: string];

export class SqliteJournal extends AbstractJournal {
  private readonly options: SqliteJournalOptions;
  private connection: SqliteConnection | null = null;
  private commits: GroupCommit | null = null;

  constructor(options: SqliteJournalOptions) {
    super();
    checkOptions(
      'SqliteJournal',
      options,
      {
        ...sqliteRules,
        pageEvents: isInteger(1, 10_000),
        maxPendingAppends: isInteger(1),
      },
      ['path'],
    );
    this.options = options;
  }

  protected async doOpen(): Promise<void> {
    const connection = await SqliteConnection.open(this.options);
    this.connection = connection;
    this.commits = new GroupCommit(
      connection,
      this.options.maxPendingAppends ?? DEFAULT_MAX_PENDING_APPENDS,
    );
  }

  protected async doClose(): Promise<void> {
    await this.commits?.drained();
    this.connection?.close();
    this.connection = null;
  }

  protected doAppend(
    pid: string,
    events: readonly EventText[],
    expectedSeq: number,
  ): Promise<number> {
    return this.commits!.append(pid, events, expectedSeq);
  }

  protected async doReadPage(pid: string, fromSeq: number, toSeq: number): Promise<EventPage> {
    const page = await this.run(() => this.readPage(pid, fromSeq, toSeq), 'read');
    // A long recovery lets heartbeats and others through between its pages.
    if (page.more) await setImmediate();
    return page;
  }

  protected doHighestSeq(pid: string): Promise<number> {
    return this.run(() => this.commits!.head(pid), 'read');
  }

  protected async doDelete(pid: string, toSeq: number): Promise<void> {
    while ((await this.run(() => this.deleteSome(pid, toSeq), 'delete from')) === DELETE_EVENTS) {
      await setImmediate();
    }
  }

  protected doListIds(after: string): Promise<readonly string[]> {
    return this.run(() => {
      const rows = this.connection!.statement(IDS).all(after) as unknown as [string][];
      return rows.map(([pid]) => pid);
    }, 'read');
  }

  private readPage(pid: string, fromSeq: number, toSeq: number): EventPage {
    const limit = this.options.pageEvents ?? DEFAULT_PAGE_EVENTS;
    const page = [pid, fromSeq, toSeq, limit] as const;
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const [sequenceNr, timestamp, tags, event] of this.rowsOf(page)) {
      events.push({ sequenceNr, timestamp, event, tags: tagsOf(tags, pid, sequenceNr) });
      bytes += event.length;
      if (bytes >= PAGE_BYTES) return { events, more: true };
    }
    return { events, more: events.length === limit };
  }

  /** All at once, which takes a third less time than one by one, unless they are too much for that. */
  private rowsOf(page: Page): Iterable<Row> {
    const [bytes] = this.connection!.statement(BYTES).get(...page) as unknown as [number];
    const read = this.connection!.statement(READ);
    const rows = bytes > PAGE_BYTES ? read.iterate(...page) : read.all(...page);
    return rows as unknown as Iterable<Row>;
  }

  private deleteSome(pid: string, toSeq: number): number {
    const connection = this.connection!;
    return connection.transaction(() => {
      const head = this.commits!.head(pid);
      const { changes } = connection.statement(DELETE).run(pid, toSeq);
      if (toSeq >= head && head > 0) connection.statement(KEEP_HEAD).run(pid, head);
      return Number(changes);
    });
  }

  private run<T>(action: () => T, doing: string): Promise<T> {
    return this.connection!.run(() => {
      // Closed while this waited for a lock.
      if (this.connection === null) throw this.closedError();
      return action();
    }, doing);
  }
}

const NO_TAGS: Tags = Object.freeze([]);

function tagsOf(text: string | null, pid: string, sequenceNr: number): Tags {
  return text === null ? NO_TAGS : (decode(text, 'event', pid, sequenceNr) as Tags);
}

// Appends wait here and go into the file together: all that were asked for in one turn of the loop
// share one transaction, so that a hundred actors pay for one disk flush and not for a hundred.
import { randomBytes } from 'node:crypto';
import { JournalConcurrencyError, JournalError, JournalUnknownError } from '../../errors.ts';
import type { EventText } from '../AbstractJournal.ts';
import { CommitFailure, isBusy, toJournalError } from './errors.ts';
import { FairTurns } from './FairTurns.ts';
import { backoffMs, busyError, pause, type SqliteConnection } from './SqliteConnection.ts';
import { TOUCH } from './schema.ts';

/** Appends of one transaction, so that the loop and the lock are not held for too long. */
const MAX_BATCH_APPENDS = 512;
/** UTF-16 units of the text of one transaction; a single append may be larger. */
const MAX_BATCH_CHARS = 4 * 1024 * 1024;

const INSERT = `INSERT INTO events (pid, seq, at, writer, tags, event) VALUES (?, ?, ?, ?, ?, ?)`;
const LAST_EVENT = 'SELECT seq FROM events WHERE pid = ? ORDER BY seq DESC LIMIT 1';
const KEPT_HEAD = 'SELECT head FROM heads WHERE pid = ?';
const DATA_VERSION = 'PRAGMA data_version';
const WRITER = 'SELECT writer FROM events WHERE pid = ? AND seq = ?';

interface PendingAppend {
  readonly pid: string;
  readonly events: readonly EventText[];
  readonly expectedSeq: number;
  readonly chars: number;
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (head: number) => void;
  readonly reject: (error: JournalError) => void;
}

/** What became of one append within its transaction. */
type Outcome = { head: number } | { error: JournalConcurrencyError };

export class GroupCommit {
  private readonly connection: SqliteConnection;
  private readonly maxPending: number;
  /** Names this opened journal in the rows that it writes. */
  private readonly writer = randomBytes(6).readUIntBE(0, 6);
  /** In the order asked. An append stays in front until its outcome is told. */
  private queue: PendingAppend[] = [];
  private readonly turns = new FairTurns();
  private working = false;
  private whenIdle: (() => void) | null = null;

  constructor(connection: SqliteConnection, maxPending: number) {
    this.connection = connection;
    this.maxPending = maxPending;
  }

  append(pid: string, events: readonly EventText[], expectedSeq: number): Promise<number> {
    if (this.queue.length >= this.maxPending) {
      return Promise.reject(
        new JournalError(
          `${this.maxPending} appends wait for ${this.connection.path} already; nothing was written`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const chars = events.reduce((sum, { event }) => sum + event.length, 0);
      const deadline = performance.now() + this.connection.busyDeadlineMs;
      this.queue.push({ pid, events, expectedSeq, chars, deadline, resolve, reject });
      if (!this.working) this.start();
    });
  }

  /** Resolves once no append waits any more. */
  async drained(): Promise<void> {
    if (!this.working) return;
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve;
    });
  }

  /** The head of a stream, as of now. */
  head(pid: string): number {
    const last = this.connection.statement(LAST_EVENT).get(pid) as unknown as [number] | undefined;
    if (last !== undefined) return last[0];
    const kept = this.connection.statement(KEPT_HEAD).get(pid) as unknown as [number] | undefined;
    return kept?.[0] ?? 0;
  }

  private start(): void {
    this.working = true;
    // After everything else of this turn: whatever is asked until then goes along.
    const breakMs = this.turns.breakMs(performance.now());
    if (breakMs > 0) setTimeout(() => this.flush(0), breakMs);
    else setImmediate(() => this.flush(0));
  }

  private flush(attempt: number): void {
    const batch = this.nextBatch();
    const outcomes: Outcome[] = [];
    let dataVersion: number;
    try {
      dataVersion = this.connection.transaction(() => {
        for (const append of batch) outcomes.push(this.write(append));
        return (this.connection.statement(DATA_VERSION).get() as unknown as [number])[0];
      });
    } catch (error) {
      this.failed(batch, outcomes, error, attempt);
      return;
    }
    this.turns.committed(performance.now(), dataVersion);
    this.settle(batch, (append, index) => tell(append, outcomes[index]!));
  }

  private nextBatch(): PendingAppend[] {
    let chars = 0;
    let count = 0;
    for (const append of this.queue) {
      chars += append.chars;
      if (count === MAX_BATCH_APPENDS || (count > 0 && chars > MAX_BATCH_CHARS)) break;
      count++;
    }
    return this.queue.slice(0, count);
  }

  private write({ pid, events, expectedSeq }: PendingAppend): Outcome {
    const head = this.head(pid);
    // A stale append fails alone; the others of the transaction go on.
    if (head !== expectedSeq) {
      return { error: new JournalConcurrencyError(pid, expectedSeq, head) };
    }
    const insert = this.connection.statement(INSERT);
    const at = Date.now();
    let seq = head;
    for (const { event, tags } of events) {
      seq++;
      insert.run(pid, seq, at, this.writer, tags.length > 0 ? JSON.stringify(tags) : null, event);
    }
    return { head: seq };
  }

  private failed(
    batch: readonly PendingAppend[],
    outcomes: readonly Outcome[],
    error: unknown,
    attempt: number,
  ): void {
    if (error instanceof CommitFailure) {
      void this.findOut(batch, outcomes, error);
    } else if (isBusy(error)) {
      this.giveUpLate(error);
      if (this.queue.length === 0) this.idle();
      else setTimeout(() => this.flush(attempt + 1), backoffMs(attempt));
    } else {
      const failure = toJournalError(error, this.connection.path, 'write to');
      this.settle(batch, (append) => append.reject(failure));
    }
  }

  private giveUpLate(cause: unknown): void {
    const now = performance.now();
    const { path, busyDeadlineMs } = this.connection;
    this.queue = this.queue.filter((append) => {
      if (append.deadline > now) return true;
      append.reject(busyError(path, busyDeadlineMs, cause));
      return false;
    });
  }

  /**
   * A commit failed: is the transaction in the file? Only a further commit that succeeds can tell,
   * because its pages take the place that half-written ones would come back from after a crash.
   */
  private async findOut(
    batch: readonly PendingAppend[],
    outcomes: readonly Outcome[],
    failure: CommitFailure,
  ): Promise<void> {
    const deadline = performance.now() + this.connection.busyDeadlineMs;
    let written: boolean | null = null;
    for (let attempt = 0; written === null && performance.now() < deadline; attempt++) {
      try {
        const found = this.connection.transaction(() => {
          this.connection.statement(TOUCH).run();
          return this.isWritten(batch, outcomes);
        });
        if (found === null) break;
        written = found;
      } catch {
        // Busy, or the trouble goes on; `failure` is what the callers are told in the end.
        await pause(backoffMs(attempt));
      }
    }
    const cause = failure.cause;
    const { path } = this.connection;
    this.settle(batch, (append, index) => {
      const outcome = outcomes[index]!;
      if (written === true || 'error' in outcome) tell(append, outcome);
      else if (written === false) append.reject(new JournalError(notWritten(path), { cause }));
      else append.reject(new JournalUnknownError(unknown(path, append.pid), { cause }));
    });
  }

  /** Whether the transaction took place: its events bear our name. null: deleted since, or nothing to see. */
  private isWritten(batch: readonly PendingAppend[], outcomes: readonly Outcome[]): boolean | null {
    for (const [index, { pid, expectedSeq }] of batch.entries()) {
      if ('error' in outcomes[index]!) continue;
      const row = this.connection.statement(WRITER).get(pid, expectedSeq + 1);
      if (row !== undefined) return (row as unknown as [number])[0] === this.writer;
      if (this.head(pid) <= expectedSeq) return false;
    }
    return null;
  }

  private settle(
    batch: readonly PendingAppend[],
    each: (append: PendingAppend, index: number) => void,
  ): void {
    this.queue.splice(0, batch.length);
    batch.forEach(each);
    if (this.queue.length > 0) this.start();
    else this.idle();
  }

  private idle(): void {
    this.working = false;
    this.whenIdle?.();
    this.whenIdle = null;
  }
}

function tell(append: PendingAppend, outcome: Outcome): void {
  if ('error' in outcome) append.reject(outcome.error);
  else append.resolve(outcome.head);
}

function notWritten(path: string): string {
  return `a commit to ${path} failed; nothing was written`;
}

function unknown(path: string, pid: string): string {
  return (
    `a commit to ${path} failed and could not be read back: whether the events of '${pid}' were ` +
    'written is unknown'
  );
}

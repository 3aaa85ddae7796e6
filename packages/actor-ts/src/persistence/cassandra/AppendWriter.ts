// Writes batches of appends. A batch is one conditional write to the live partition: its events and
// its new state, if the state is the one that was last seen.
//
// When no answer comes, the batch may have been written, may never be, or may still be on its way:
// a coordinator that was slow can propose it seconds later. A look alone does not settle that. So
// the fence is raised, which every batch is conditional on: after that the batch is there, or never
// will be.
import { JournalConcurrencyError, JournalError } from '../../errors.ts';
import type { PendingAppend } from './AppendQueue.ts';
import { backOff, type CassandraConnection, type Statement } from './CassandraConnection.ts';
import {
  isContention,
  isRefused,
  isUnreachable,
  toJournalError,
  unknownOutcome,
} from './errors.ts';
import { headOf, type Partition, type Partitions } from './Partitions.ts';

/** How often the state may have changed under us before we call it another writer's stream. */
const MAX_TRIES = 10;
/** A partition is sealed at this size too: a page of a replay never is larger than a partition. */
const MAX_PARTITION_BYTES = 16 * 1024 * 1024;

type Id = ReturnType<CassandraConnection['newId']>;

/** All events of a batch. */
interface Batch {
  readonly pid: string;
  readonly appends: readonly PendingAppend[];
  readonly expectedSeq: number;
  readonly head: number;
  readonly bytes: number;
}

export class AppendWriter {
  private readonly connection: CassandraConnection;
  private readonly partitions: Partitions;
  private readonly partitionSize: number;
  private readonly move: string;
  private readonly insert: string;
  private readonly raiseFence: string;
  private readonly writerOf: string;

  constructor(
    connection: CassandraConnection,
    partitions: Partitions,
    keyspace: string,
    partitionSize: number,
  ) {
    this.connection = connection;
    this.partitions = partitions;
    this.partitionSize = partitionSize;
    const table = `${keyspace}.events`;
    this.move = `UPDATE ${table} SET head = ?, first = ?, bytes = ?, sealed = ?
      WHERE pid = ? AND part = ? IF head = ? AND fence = ? AND sealed = ?`;
    this.insert = `INSERT INTO ${table} (pid, part, seq, at, writer, tags, event)
      VALUES (?, ?, ?, ?, ?, ?, ?)`;
    this.raiseFence = `UPDATE ${table} SET fence = ?
      WHERE pid = ? AND part = ? IF head = ? AND fence = ? AND sealed = ?`;
    this.writerOf = `SELECT writer FROM ${table} WHERE pid = ? AND part = ? AND seq = ?`;
  }

  /** Writes `appends`, each of which continues the one before, in one batch; and tells them. */
  async write(pid: string, appends: readonly PendingAppend[]): Promise<void> {
    const { expectedSeq } = appends[0]!;
    const last = appends.at(-1)!;
    const batch: Batch = {
      pid,
      appends,
      expectedSeq,
      head: last.expectedSeq + last.events.length,
      bytes: appends.reduce((sum, append) => sum + append.bytes, 0),
    };
    try {
      this.partitions.remember(pid, await this.append(batch));
    } catch (error) {
      this.partitions.forget(pid);
      // A stale append fails alone: those behind it may continue something else.
      const rest = error instanceof JournalConcurrencyError ? appends.slice(1) : [];
      for (const append of appends.slice(0, appends.length - rest.length)) append.reject(error);
      if (rest.length > 0) await this.write(pid, rest);
      return;
    }
    for (const { expectedSeq: before, events, resolve } of appends) {
      resolve(before + events.length);
    }
  }

  /** The partition after the batch. @throws JournalConcurrencyError | JournalUnknownError | JournalError */
  private async append(batch: Batch): Promise<Partition> {
    const { pid, expectedSeq } = batch;
    let live = this.partitions.remembered(pid);
    // What is remembered may be out of date, but not so that it would refuse a write by mistake.
    if (live === null || headOf(live) !== expectedSeq) live = await this.partitions.locate(pid);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const head = headOf(live);
      if (head !== expectedSeq) throw new JournalConcurrencyError(pid, expectedSeq, head);
      const id = this.connection.newId();
      const next = this.after(live, batch);
      if (await this.compareAndSet(batch, live, next, id)) return next;
      // Refused: the state is another one than was thought. It may be our own doing, when a proposal
      // of ours was taken for lost and completed all the same.
      const { part } = live;
      live = await this.partitions.locate(pid);
      if (headOf(live) !== expectedSeq && (await this.isOurs(batch, part, id))) {
        return await this.partitions.readSerialOnce(pid, part);
      }
    }
    throw new JournalError(
      `'${pid}' changed ${MAX_TRIES} times under an append; nothing was written`,
    );
  }

  private async compareAndSet(batch: Batch, live: Partition, next: Partition, id: Id) {
    try {
      return await this.connection.compareAndSetWhenReachable(
        this.statements(batch, live, next, id),
      );
    } catch (error) {
      const doing = `append to '${batch.pid}' in Cassandra; nothing was written`;
      if (isRefused(error) || isUnreachable(error)) throw toJournalError(error, doing);
      if (await this.findOut(batch, live, id, error)) return true;
      // Contenders made it fail, as a refusal does: it is known now not to be there, and tried again.
      if (isContention(error)) return false;
      throw toJournalError(error, doing);
    }
  }

  /** Whether a batch without an answer was written; if not, it never will be. @throws JournalUnknownError */
  private async findOut(batch: Batch, live: Partition, id: Id, cause: unknown) {
    const { pid } = batch;
    const deadline = performance.now() + this.connection.deadlineMs;
    for (let attempt = 0; ; attempt++) {
      try {
        const now = await this.partitions.readSerialOnce(pid, live.part);
        if (now.head !== live.head) {
          const ours = await this.isOurs(batch, live.part, id);
          if (ours === null) break;
          return ours;
        }
        if (now.fence !== live.fence || (await this.shutOut(pid, now))) return false;
      } catch (error) {
        if (isRefused(error) || performance.now() >= deadline) break;
      }
      await backOff(attempt);
    }
    throw unknownOutcome(pid, this.connection.deadlineMs, cause);
  }

  /** Whether the events of a batch are there; null when they were deleted since, if they ever were. */
  private async isOurs({ pid, expectedSeq }: Batch, part: number, id: Id): Promise<boolean | null> {
    const key = [pid, part, expectedSeq + 1];
    const row = (await this.connection.readSerialOnce(this.writerOf, key))[0];
    return row === undefined ? null : row.writer.equals(id);
  }

  /** Raises the fence before anything that is still on its way; false when that came too late. */
  private shutOut(pid: string, { part, head, fence, sealed }: Partition): Promise<boolean> {
    const params = [(fence ?? 0) + 1, pid, part, head, fence, sealed];
    return this.connection.compareAndSet([{ query: this.raiseFence, params }]);
  }

  private statements(batch: Batch, live: Partition, next: Partition, id: Id): Statement[] {
    const { pid, appends } = batch;
    const { part } = live;
    const seen = [live.head, live.fence, live.sealed];
    const state = [next.head, next.first, next.bytes, next.sealed];
    const statements: Statement[] = [{ query: this.move, params: [...state, pid, part, ...seen] }];
    const at = new Date();
    let seq = batch.expectedSeq;
    for (const { events } of appends) {
      for (const { event, tags } of events) {
        seq++;
        const stored = tags.length > 0 ? tags : this.connection.unset;
        statements.push({ query: this.insert, params: [pid, part, seq, at, id, stored, event] });
      }
    }
    return statements;
  }

  private after(live: Partition, { head, bytes: added }: Batch): Partition {
    const bytes = live.bytes + added;
    const full = head - live.first + 1 >= this.partitionSize || bytes >= MAX_PARTITION_BYTES;
    return { ...live, head, bytes, sealed: full };
  }
}

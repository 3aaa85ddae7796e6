// A journal in Cassandra that many processes on many machines share. The layout is told in
// `schema.ts`, the writing in `AppendWriter.ts`.
import { JournalError } from '../../errors.ts';
import { isInteger } from '../../options.ts';
import {
  AbstractJournal,
  type EventPage,
  type EventText,
  type StoredEvent,
} from '../AbstractJournal.ts';
import type { Tags } from '../validate.ts';
import { AppendQueue } from './AppendQueue.ts';
import { AppendWriter } from './AppendWriter.ts';
import { CassandraConnection, type Row } from './CassandraConnection.ts';
import { Deletion } from './Deletion.ts';
import { type CassandraOptions, checkCassandraOptions } from './options.ts';
import { headOf, Partitions, toNumber } from './Partitions.ts';

export interface CassandraJournalOptions extends CassandraOptions {
  /**
   * Events of a partition, 1 to 1000000, after which the stream goes on in another one. A batch is
   * not divided, so a partition may have some more. Default 10000.
   */
  partitionSize?: number;
  /**
   * Bytes of one append, to be well below half a commit log segment of the server (16 MiB by
   * default). Default 8 MiB.
   */
  maxBatchBytes?: number;
  /** Events read at a time, 1 to 10000. Default 500. */
  pageEvents?: number;
  /** Appends that may wait at a time; further ones are refused. Default 10000. */
  maxPendingAppends?: number;
}

const DEFAULT_PARTITION_SIZE = 10_000;
const DEFAULT_MAX_BATCH_BYTES = 8 * 1024 * 1024;
const DEFAULT_PAGE_EVENTS = 500;
const DEFAULT_MAX_PENDING_APPENDS = 10_000;
const MAX_CONCURRENT_STREAMS = 128;
/** What an event takes in a request beside its texts. */
const EVENT_OVERHEAD_BYTES = 128;
const LIST_PARTITIONS = 500;

/** What is open between `doOpen` and `doClose`. */
interface Opened {
  readonly connection: CassandraConnection;
  readonly partitions: Partitions;
  readonly queue: AppendQueue;
  readonly deletion: Deletion;
}

export class CassandraJournal extends AbstractJournal {
  private readonly options: CassandraJournalOptions;
  private readonly statements: ReturnType<typeof statementsOf>;
  private opened: Opened | null = null;

  /** @throws OptionsError */
  constructor(options: CassandraJournalOptions) {
    super();
    checkCassandraOptions('CassandraJournal', options, {
      partitionSize: isInteger(1, 1_000_000),
      maxBatchBytes: isInteger(1024),
      pageEvents: isInteger(1, 10_000),
      maxPendingAppends: isInteger(1),
    });
    this.options = options;
    this.statements = statementsOf(options.keyspace);
  }

  /** True also while nothing has asked for the database yet. */
  get isAnswering(): boolean {
    return this.opened?.connection.isAnswering ?? true;
  }

  protected async doOpen(): Promise<void> {
    const {
      keyspace,
      partitionSize = DEFAULT_PARTITION_SIZE,
      maxPendingAppends: maxPending = DEFAULT_MAX_PENDING_APPENDS,
    } = this.options;
    const isWanted = () => this.status === 'opening';
    const connection = await CassandraConnection.open(this.options, isWanted);
    const partitions = new Partitions(connection, keyspace);
    const writer = new AppendWriter(connection, partitions, keyspace, partitionSize);
    const { maxBatchBytes } = this;
    const limits = { maxPending, maxBatchBytes, maxStreams: MAX_CONCURRENT_STREAMS };
    const queue = new AppendQueue((pid, appends) => writer.write(pid, appends), limits);
    const deletion = new Deletion(connection, partitions, keyspace);
    this.opened = { connection, partitions, queue, deletion };
  }

  protected async doClose(): Promise<void> {
    await this.opened?.queue.drained();
    await this.opened?.connection.close();
    this.opened = null;
  }

  protected async doAppend(
    pid: string,
    events: readonly EventText[],
    expectedSeq: number,
  ): Promise<number> {
    const bytes = bytesOf(pid, events);
    // It cannot be divided: all events of an append are written, or none.
    if (bytes > this.maxBatchBytes) {
      throw new JournalError(
        `an append of ${bytes} bytes to '${pid}' does not fit into one batch of at most ` +
          `${this.maxBatchBytes} bytes (\`maxBatchBytes\`); nothing was written`,
      );
    }
    return this.opened!.queue.append(pid, events, expectedSeq, bytes);
  }

  protected async doReadPage(pid: string, fromSeq: number, toSeq: number): Promise<EventPage> {
    const { partitions } = this.opened!;
    let from = fromSeq;
    let part = await partitions.find(pid, from);
    for (;;) {
      const end = partitions.knownEnd(pid, part);
      if (end !== null && end < from) {
        part++;
        continue;
      }
      const { events, more } = await this.readEvents(pid, part, from, toSeq);
      if (more || events.at(-1)?.sequenceNr === toSeq) return { events, more };
      if (events.length === 0 && end !== null) {
        // The rest of the partition is deleted, and perhaps many after it.
        from = Math.max(end, await partitions.deletedTo(pid)) + 1;
        if (from > toSeq) return { events, more: false };
        part = await partitions.find(pid, from);
        continue;
      }
      const goesOn = (end ?? (await partitions.endOf(pid, part))) !== null;
      if (!goesOn || events.length > 0) return { events, more: goesOn };
      // Sealed since we looked, perhaps with events that we have not seen: look again.
    }
  }

  protected async doHighestSeq(pid: string): Promise<number> {
    return headOf(await this.opened!.partitions.locate(pid));
  }

  protected doDelete(pid: string, toSeq: number): Promise<void> {
    const { queue, deletion } = this.opened!;
    return queue.inTurn(pid, () => deletion.deleteUpTo(pid, toSeq));
  }

  protected async doListIds(after: string): Promise<readonly string[]> {
    let key: readonly unknown[] = after === '' ? [] : [after, 0];
    for (;;) {
      const query = key.length === 0 ? this.statements.firstIds : this.statements.nextIds;
      const { rows, more } = await this.opened!.connection.readPage(query, key, LIST_PARTITIONS);
      // A stream is listed by its first partition, unless that has only a fence.
      const ids = rows
        .filter(({ part, head }) => part === 0 && head !== null)
        .map(({ pid }) => pid);
      if (ids.length > 0 || !more) return ids;
      const last = rows.at(-1)!;
      key = [last.pid, last.part];
    }
  }

  private async readEvents(
    pid: string,
    part: number,
    from: number,
    to: number,
  ): Promise<EventPage> {
    const { pageEvents = DEFAULT_PAGE_EVENTS } = this.options;
    const key = [pid, part, from, to];
    const page = await this.opened!.connection.readPage(this.statements.read, key, pageEvents);
    return { events: page.rows.map(toStoredEvent), more: page.more };
  }

  private get maxBatchBytes(): number {
    return this.options.maxBatchBytes ?? DEFAULT_MAX_BATCH_BYTES;
  }
}

function statementsOf(keyspace: string) {
  const ids = `SELECT DISTINCT pid, part, head FROM ${keyspace}.events`;
  return {
    read: `SELECT seq, at, tags, event FROM ${keyspace}.events
      WHERE pid = ? AND part = ? AND seq >= ? AND seq <= ?`,
    firstIds: ids,
    nextIds: `${ids} WHERE token(pid, part) > token(?, ?)`,
  };
}

const NO_TAGS: Tags = Object.freeze([]);

function toStoredEvent({ seq, at, tags, event }: Row): StoredEvent {
  return { sequenceNr: toNumber(seq)!, timestamp: at.getTime(), tags: tags ?? NO_TAGS, event };
}

/** About what a request with these events takes. */
function bytesOf(pid: string, events: readonly EventText[]): number {
  let bytes = (Buffer.byteLength(pid) + EVENT_OVERHEAD_BYTES) * (events.length + 1);
  for (const { event, tags } of events) {
    bytes += Buffer.byteLength(event);
    for (const tag of tags) bytes += Buffer.byteLength(tag);
  }
  return bytes;
}

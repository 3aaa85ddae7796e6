// The log of events of all persistent actors: one stream per persistence id.
import type { Tags } from './validate.ts';

export interface PersistedEvent<E = any> {
  readonly persistenceId: string;
  /** Dense from 1 within its stream. */
  readonly sequenceNr: number;
  readonly event: E;
  readonly tags: Tags;
  /** Milliseconds since 1970, by the clock of the writer. */
  readonly timestamp: number;
}

export interface Journal {
  /**
   * Compare-and-set: appends `events` if the head of the stream is `expectedSeq` (0 = empty), all or
   * none, and resolves with the new head once they are durable. `tags` is one list for all events or
   * one list per event.
   * @throws JournalConcurrencyError the head was elsewhere; nothing was written
   * @throws JournalUnknownError the write may or may not have happened
   * @throws JournalError nothing was written
   */
  append(
    pid: string,
    events: readonly unknown[],
    expectedSeq: number,
    tags?: Tags | readonly Tags[],
  ): Promise<number>;

  /**
   * The events from `fromSeq` to `toSeq`, both included, in order, read page by page. Deleted events
   * are left out.
   */
  read(pid: string, fromSeq: number, toSeq?: number): AsyncIterable<PersistedEvent>;

  /** The head: the number of the last event ever appended, 0 for none. It never goes down. */
  highestSeq(pid: string): Promise<number>;

  /** Deletes the events up to `toSeq` (included), as far as there are any. The head stays. */
  delete(pid: string, toSeq: number): Promise<void>;

  /** All streams that were ever written to, in no order that is promised. */
  persistenceIds(): AsyncIterable<string>;

  /**
   * Whether its database answers this process, for journals that have one to lose. While it does not, and
   * other nodes reach theirs, sharding moves this node's shards to them.
   */
  readonly isAnswering?: boolean;

  /** Idempotent. Appends under way are finished first. */
  close(): Promise<void>;
}

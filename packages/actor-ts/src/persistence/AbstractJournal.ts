// What all journals share: the public methods check, encode and page; the protected ones store.
import { JournalError } from '../errors.ts';
import { EventReader } from './EventReader.ts';
import { encode } from './encoding.ts';
import type { Journal } from './Journal.ts';
import { Store } from './Store.ts';
import {
  checkEventList,
  checkPersistenceId,
  checkSequenceNr,
  MAX_APPEND_CHARS,
  type Tags,
  tagsPerEvent,
} from './validate.ts';

/** An event as it is written: text. */
export interface EventText {
  readonly event: string;
  readonly tags: Tags;
}

/** An event as it lies in the store. */
export interface StoredEvent extends EventText {
  readonly sequenceNr: number;
  readonly timestamp: number;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Whether there may be events after these. */
  readonly more: boolean;
}

export abstract class AbstractJournal extends Store implements Journal {
  async append(
    pid: string,
    events: readonly unknown[],
    expectedSeq: number,
    tags?: Tags | readonly Tags[],
  ): Promise<number> {
    checkPersistenceId(pid);
    checkSequenceNr('expectedSeq', expectedSeq, 0);
    checkEventList(events);
    checkSequenceNr('the new head', expectedSeq + events.length, 1);
    const texts = encodeAll(pid, events, expectedSeq, tagsPerEvent(tags, events.length));
    if (this.status !== 'open') await this.whenOpen();
    return this.doAppend(pid, texts, expectedSeq);
  }

  read(pid: string, fromSeq: number, toSeq: number = Number.MAX_SAFE_INTEGER): EventReader {
    return new EventReader(pid, Math.max(fromSeq, 1), async (from) => {
      checkPersistenceId(pid);
      checkSequenceNr('fromSeq', fromSeq, 0);
      checkSequenceNr('toSeq', toSeq, 0);
      if (this.status !== 'open') await this.whenOpen();
      if (from > toSeq) return { events: [], more: false };
      return this.doReadPage(pid, from, toSeq);
    });
  }

  async highestSeq(pid: string): Promise<number> {
    checkPersistenceId(pid);
    if (this.status !== 'open') await this.whenOpen();
    return this.doHighestSeq(pid);
  }

  async delete(pid: string, toSeq: number): Promise<void> {
    checkPersistenceId(pid);
    checkSequenceNr('toSeq', toSeq, 0);
    if (this.status !== 'open') await this.whenOpen();
    return this.doDelete(pid, toSeq);
  }

  async *persistenceIds(): AsyncGenerator<string, void, undefined> {
    let after = '';
    for (;;) {
      if (this.status !== 'open') await this.whenOpen();
      const page = await this.doListIds(after);
      if (page.length === 0) return;
      yield* page;
      after = page.at(-1)!;
    }
  }

  protected abstract doAppend(
    pid: string,
    events: readonly EventText[],
    expectedSeq: number,
  ): Promise<number>;

  /** The next events from `fromSeq` on, as many as make a page by number and by size. */
  protected abstract doReadPage(pid: string, fromSeq: number, toSeq: number): Promise<EventPage>;

  protected abstract doHighestSeq(pid: string): Promise<number>;

  protected abstract doDelete(pid: string, toSeq: number): Promise<void>;

  /** A page of ids that come after `after` in the store's own order ('' = from the start). */
  protected abstract doListIds(after: string): Promise<readonly string[]>;
}

function encodeAll(
  pid: string,
  events: readonly unknown[],
  expectedSeq: number,
  tags: readonly Tags[],
): EventText[] {
  let chars = 0;
  return events.map((event, index) => {
    const text = encode(event, `event ${expectedSeq + index + 1} of '${pid}'`);
    chars += text.length;
    if (chars > MAX_APPEND_CHARS) {
      throw new JournalError(
        `an append to '${pid}' takes at most ${MAX_APPEND_CHARS} characters of event text`,
      );
    }
    return { event: text, tags: tags[index]! };
  });
}

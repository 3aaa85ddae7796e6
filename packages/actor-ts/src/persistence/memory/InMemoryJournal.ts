// A journal that lives as long as the process. It keeps text, as the others do, so that what works
// here works with a database too.
import { JournalConcurrencyError } from '../../errors.ts';
import {
  AbstractJournal,
  type EventPage,
  type EventText,
  type StoredEvent,
} from '../AbstractJournal.ts';

const PAGE_EVENTS = 500;

interface Stream {
  head: number;
  /** The event with number `n` stands at `n - 1 - deleted`. */
  events: StoredEvent[];
  deleted: number;
}

/** What in-memory journals write to. Two journals on one memory are like two on one database. */
export class JournalMemory {
  readonly streams = new Map<string, Stream>();
}

export class InMemoryJournal extends AbstractJournal {
  private readonly memory: JournalMemory;

  constructor(memory: JournalMemory = new JournalMemory()) {
    super();
    this.memory = memory;
  }

  protected async doOpen(): Promise<void> {}

  protected async doClose(): Promise<void> {}

  protected async doAppend(
    pid: string,
    events: readonly EventText[],
    expectedSeq: number,
  ): Promise<number> {
    const stream = this.memory.streams.get(pid) ?? { head: 0, events: [], deleted: 0 };
    if (stream.head !== expectedSeq) {
      throw new JournalConcurrencyError(pid, expectedSeq, stream.head);
    }
    this.memory.streams.set(pid, stream);
    const timestamp = Date.now();
    for (const { event, tags } of events) {
      stream.head++;
      stream.events.push({ sequenceNr: stream.head, event, tags, timestamp });
    }
    return stream.head;
  }

  protected async doReadPage(pid: string, fromSeq: number, toSeq: number): Promise<EventPage> {
    const stream = this.memory.streams.get(pid);
    if (stream === undefined) return { events: [], more: false };
    const start = Math.max(fromSeq - 1 - stream.deleted, 0);
    const end = Math.min(toSeq - stream.deleted, start + PAGE_EVENTS);
    const events = stream.events.slice(start, Math.max(end, start));
    return { events, more: events.length === PAGE_EVENTS };
  }

  protected async doHighestSeq(pid: string): Promise<number> {
    return this.memory.streams.get(pid)?.head ?? 0;
  }

  protected async doDelete(pid: string, toSeq: number): Promise<void> {
    const stream = this.memory.streams.get(pid);
    if (stream === undefined) return;
    const count = Math.min(toSeq, stream.head) - stream.deleted;
    if (count <= 0) return;
    stream.events.splice(0, count);
    stream.deleted += count;
  }

  protected async doListIds(after: string): Promise<readonly string[]> {
    // One page: the ids are in memory as it is.
    return after === '' ? [...this.memory.streams.keys()] : [];
  }
}

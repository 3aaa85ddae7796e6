// Reads a stream page by page and hands its events out one by one, or as the pages they came in.
import type { EventPage, StoredEvent } from './AbstractJournal.ts';
import { decode } from './encoding.ts';
import type { PersistedEvent } from './Journal.ts';

type Result = IteratorResult<PersistedEvent, void>;

const DONE: Result = { done: true, value: undefined };

export class EventReader implements AsyncIterableIterator<PersistedEvent, void, undefined> {
  private readonly persistenceId: string;
  private readonly loadPage: (fromSeq: number) => Promise<EventPage>;
  private fromSeq: number;
  private page: EventPage = { events: [], more: true };
  private position = 0;
  /** The page on its way. */
  private loading: Promise<void> | null = null;

  constructor(
    persistenceId: string,
    fromSeq: number,
    loadPage: (fromSeq: number) => Promise<EventPage>,
  ) {
    this.persistenceId = persistenceId;
    this.fromSeq = fromSeq;
    this.loadPage = loadPage;
  }

  async next(): Promise<Result> {
    if (!(await this.hasMore())) return DONE;
    return { done: false, value: this.take(this.page.events[this.position++]!) };
  }

  /** What `next` would give, a page at a time: a long recovery does not wait for each event by itself. */
  async *pages(): AsyncGenerator<PersistedEvent[], void, undefined> {
    while (await this.hasMore()) {
      const rest = this.page.events.slice(this.position);
      this.position = this.page.events.length;
      yield rest.map((stored) => this.take(stored));
    }
  }

  async return(): Promise<Result> {
    this.end();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  /** Whether there is an event at `position`; reads the next page for it. */
  private async hasMore(): Promise<boolean> {
    while (this.position === this.page.events.length) {
      if (!this.page.more) return false;
      this.loading ??= this.load();
      await this.loading;
    }
    return true;
  }

  private take({ sequenceNr, event, tags, timestamp }: StoredEvent): PersistedEvent {
    this.fromSeq = sequenceNr + 1;
    return {
      persistenceId: this.persistenceId,
      sequenceNr,
      event: this.decoded(event, sequenceNr),
      tags,
      timestamp,
    };
  }

  private async load(): Promise<void> {
    try {
      const page = await this.loadPage(this.fromSeq);
      if (!this.page.more) return;
      this.page = page;
      this.position = 0;
    } catch (error) {
      this.end();
      throw error;
    } finally {
      this.loading = null;
    }
  }

  private decoded(text: string, sequenceNr: number): unknown {
    try {
      return decode(text, 'event', this.persistenceId, sequenceNr);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  private end(): void {
    this.page = { events: [], more: false };
    this.position = 0;
  }
}

// Reads a stream page by page and hands its events out one by one. Written out rather than as an
// async generator, which would cost a long recovery half as much again.
import type { EventPage } from './AbstractJournal.ts';
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
    while (this.position === this.page.events.length) {
      if (!this.page.more) return DONE;
      this.loading ??= this.load();
      await this.loading;
    }
    const { sequenceNr, event, tags, timestamp } = this.page.events[this.position++]!;
    this.fromSeq = sequenceNr + 1;
    const value = {
      persistenceId: this.persistenceId,
      sequenceNr,
      event: this.decoded(event, sequenceNr),
      tags,
      timestamp,
    };
    return { done: false, value };
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

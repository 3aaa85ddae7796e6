// Appends of one stream go to Cassandra one after the other; those that come while one is on its way
// wait, and go together with it behind them. Streams do not wait for each other, up to a bound.
import { JournalError } from '../../errors.ts';
import type { EventText } from '../AbstractJournal.ts';

export interface PendingAppend {
  readonly events: readonly EventText[];
  readonly expectedSeq: number;
  /** About what the events take in a request. */
  readonly bytes: number;
  readonly resolve: (head: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Something else that must not happen while an append is on its way. */
interface Task {
  readonly run: () => Promise<void>;
}

export interface QueueLimits {
  /** Appends that may wait, of all streams together. */
  readonly maxPending: number;
  /** Bytes of one batch. */
  readonly maxBatchBytes: number;
  /** Streams written to at a time. */
  readonly maxStreams: number;
}

/** Events of one batch. */
const MAX_BATCH_EVENTS = 10_000;

type WriteBatch = (pid: string, appends: readonly PendingAppend[]) => Promise<void>;

export class AppendQueue {
  private readonly writeBatch: WriteBatch;
  private readonly limits: QueueLimits;
  private readonly streams = new Map<string, (PendingAppend | Task)[]>();
  /** Streams with something to do that wait for a place. */
  private readonly ready: string[] = [];
  private active = 0;
  private pending = 0;
  private readonly whenIdle: (() => void)[] = [];

  /** @param writeBatch settles all appends it is given, and never rejects */
  constructor(writeBatch: WriteBatch, limits: QueueLimits) {
    this.writeBatch = writeBatch;
    this.limits = limits;
  }

  append(pid: string, events: readonly EventText[], expectedSeq: number, bytes: number) {
    const { maxPending } = this.limits;
    if (this.pending >= maxPending) {
      const error = `${maxPending} appends wait for Cassandra already; nothing was written`;
      return Promise.reject(new JournalError(error));
    }
    return new Promise<number>((resolve, reject) => {
      this.pending++;
      this.add(pid, { events, expectedSeq, bytes, resolve, reject });
    });
  }

  /** Runs `action` in its turn among the stream's appends. */
  inTurn(pid: string, action: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.add(pid, { run: () => action().then(resolve, reject) });
    });
  }

  /** Resolves once nothing waits and nothing is on its way. */
  drained(): Promise<void> {
    if (this.streams.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  private add(pid: string, item: PendingAppend | Task): void {
    const items = this.streams.get(pid);
    if (items !== undefined) {
      items.push(item);
      return;
    }
    this.streams.set(pid, [item]);
    this.ready.push(pid);
    this.startSome();
  }

  private startSome(): void {
    while (this.active < this.limits.maxStreams && this.ready.length > 0) {
      this.active++;
      void this.work(this.ready.shift()!);
    }
  }

  private async work(pid: string): Promise<void> {
    const items = this.streams.get(pid)!;
    const first = items[0]!;
    if ('run' in first) {
      items.shift();
      await first.run();
    } else {
      const batch = this.nextBatch(items);
      items.splice(0, batch.length);
      await this.writeBatch(pid, batch);
      this.pending -= batch.length;
    }
    this.active--;
    // Behind the others: a busy stream does not keep them from their turn.
    if (items.length > 0) this.ready.push(pid);
    else this.streams.delete(pid);
    this.startSome();
    if (this.streams.size === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  /** The first append, and those behind it that continue where the one before ends. */
  private nextBatch(items: readonly (PendingAppend | Task)[]): PendingAppend[] {
    const batch: PendingAppend[] = [];
    let events = 0;
    let bytes = 0;
    for (const item of items) {
      if ('run' in item) break;
      events += item.events.length;
      bytes += item.bytes;
      const first = batch[0];
      if (first !== undefined) {
        if (item.expectedSeq !== first.expectedSeq + events - item.events.length) break;
        if (events > MAX_BATCH_EVENTS || bytes > this.limits.maxBatchBytes) break;
      }
      batch.push(item);
    }
    return batch;
  }
}

// Timers of one and the same delay. They fall due in the order in which they were set, so a list and one
// timer of Node's are enough for all of them. Nearly all are cancelled, such as the time limits of asks
// that are answered: that takes them out of the list, and leaves Node's timer alone. When that fires, it
// is set anew for whoever is first by then.
import type { Cancellable } from './Scheduler.ts';

/** The longest delay that Node takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;
/** With more queues than this, an empty one ends at once instead of waiting for its next use. */
const MAX_QUEUES = 64;

class Entry implements Cancellable {
  readonly dueAt: number;
  readonly fn: () => void;
  previous: Entry | null;
  next: Entry | null = null;
  /** Null once it has fired or has been cancelled. */
  queue: TimerQueue | null;

  constructor(queue: TimerQueue, previous: Entry | null, dueAt: number, fn: () => void) {
    this.queue = queue;
    this.previous = previous;
    this.dueAt = dueAt;
    this.fn = fn;
  }

  cancel(): void {
    this.queue?.cancel(this);
  }
}

export class TimerQueue {
  private readonly queues: Map<number, TimerQueue>;
  private readonly delayMs: number;
  private first: Entry | null = null;
  private last: Entry | null = null;
  /** Null while it fires. */
  private timer: NodeJS.Timeout | null;

  private constructor(queues: Map<number, TimerQueue>, delayMs: number) {
    this.queues = queues;
    this.delayMs = delayMs;
    this.timer = this.arm(delayMs);
  }

  /** The one for `delayMs`, whole milliseconds. It is there for as long as it is worth it. */
  static of(queues: Map<number, TimerQueue>, delayMs: number): TimerQueue {
    let queue = queues.get(delayMs);
    if (queue === undefined) {
      queue = new TimerQueue(queues, delayMs);
      queues.set(delayMs, queue);
    }
    return queue;
  }

  /** Runs `fn` once, the queue's delay after `now`, in milliseconds of `performance.now`. */
  add(now: number, fn: () => void): Cancellable {
    const { last } = this;
    const entry = new Entry(this, last, now + this.delayMs, fn);
    this.last = entry;
    if (last === null) {
      this.first = entry;
      this.timer?.ref();
    } else {
      last.next = entry;
    }
    return entry;
  }

  /** @internal */
  cancel(entry: Entry): void {
    this.remove(entry);
    if (this.first !== null || this.timer === null) return;
    if (this.queues.size > MAX_QUEUES) this.end();
    else this.timer.unref(); // nothing waits for it, so the process may end
  }

  private remove(entry: Entry): void {
    const { previous, next } = entry;
    entry.queue = null;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.last = previous;
    else next.previous = previous;
  }

  private readonly fire = (): void => {
    this.timer = null;
    const now = performance.now();
    try {
      while (this.first !== null && this.first.dueAt <= now) {
        const { first } = this;
        this.remove(first);
        first.fn();
      }
    } finally {
      if (this.first === null) this.end();
      else this.timer = this.arm(this.first.dueAt - now);
    }
  };

  private arm(leftMs: number): NodeJS.Timeout {
    return setTimeout(this.fire, Math.min(Math.ceil(leftMs), MAX_DELAY_MS));
  }

  private end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.queues.delete(this.delayMs);
  }
}

// Decides when actors run. Actors run in microtasks, for latency; after a bounded number of
// messages the rest waits for the next turn of the event loop, so that sockets and timers get
// their share however busy the actors are.

export interface Runnable {
  /** Handles up to `limit` messages and returns how many it handled. */
  run(limit: number): number;
  /** Whether there is more that could be handled right now. */
  readonly runnable: boolean;
}

/** Messages an actor may handle before it is looked whether others wait. */
const ALONE = 64;
/**
 * Messages it may handle while others wait. Just one, so that what was told to many is handled by all
 * of them before the next thing: what they tell others of it then follows one another, and travels
 * to another node as one frame, encoded once and decoded once.
 */
const AMONG_OTHERS = 1;
/** Messages all actors together may handle before the event loop turns; an actor's turn counts as one. */
const MESSAGES_PER_TURN = 2048;

/** A microtask by a promise costs less than Node's `queueMicrotask`, which keeps an async context for each. */
const RESOLVED = Promise.resolve();

export class Dispatcher {
  private queue: Runnable[] = [];
  private head = 0;
  private scheduled = false;
  private budget = MESSAGES_PER_TURN;

  /** The caller sees to it that a runnable stands in the queue at most once. */
  execute(runnable: Runnable): void {
    this.queue.push(runnable);
    if (!this.scheduled) {
      this.scheduled = true;
      this.wake();
    }
  }

  private wake(): void {
    if (this.budget > 0) void RESOLVED.then(this.drain);
    else setImmediate(this.drainInNewTurn);
  }

  private readonly drainInNewTurn = (): void => {
    this.budget = MESSAGES_PER_TURN;
    this.drain();
  };

  private readonly drain = (): void => {
    while (this.head < this.queue.length) {
      if (this.budget <= 0) {
        this.queue.splice(0, this.head);
        this.head = 0;
        this.wake();
        return;
      }
      const runnable = this.queue[this.head++]!;
      const isAlone = this.head === this.queue.length;
      this.budget -= 1 + runnable.run(isAlone ? ALONE : AMONG_OTHERS);
      if (runnable.runnable) this.queue.push(runnable);
    }
    this.queue.length = 0;
    this.head = 0;
    this.scheduled = false;
  };
}

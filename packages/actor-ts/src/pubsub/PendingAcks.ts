// Subscriptions whose acknowledgement waits until the other nodes have confirmed the interest.

export interface PendingAck<A> {
  readonly ack: A;
  /** The version of this node's announcements that everyone has to have. */
  readonly version: number;
  readonly deadline: number;
}

/** A bounded queue: what is pushed out by the bound, or by time, is handed back to be answered. */
export class PendingAcks<A> {
  private readonly capacity: number;
  private waiting: PendingAck<A>[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.waiting.length;
  }

  /** Returns the oldest one when the queue was full. */
  push(pending: PendingAck<A>): PendingAck<A> | undefined {
    this.waiting.push(pending);
    return this.waiting.length > this.capacity ? this.waiting.shift() : undefined;
  }

  /** Takes out all that need no more than `version`. */
  takeConfirmed(version: number): PendingAck<A>[] {
    return this.take((pending) => pending.version <= version);
  }

  takeOverdue(now: number): PendingAck<A>[] {
    return this.take((pending) => pending.deadline <= now);
  }

  private take(ready: (pending: PendingAck<A>) => boolean): PendingAck<A>[] {
    if (!this.waiting.some(ready)) return [];
    const taken = this.waiting.filter(ready);
    this.waiting = this.waiting.filter((pending) => !ready(pending));
    return taken;
  }
}

// The queue of an actor: a ring of (message, sender) pairs that grows by doubling.
import type { ActorRef } from './ActorRef.ts';

const EMPTY: unknown[] = [];
const FIRST_SLOTS = 16;
/** An emptied ring above this many slots is given back, so that a burst does not stay in memory. */
const KEEP_SLOTS = 2048;

export class Mailbox {
  /** Pairs at [2i] message and [2i + 1] sender; the length is a power of two. */
  private slots = EMPTY;
  private head = 0;
  private used = 0;
  /** Sender of the message that `shift` returned last. */
  lastSender: ActorRef | null = null;

  get size(): number {
    return this.used >> 1;
  }

  push(message: unknown, sender: ActorRef | null): void {
    if (this.used === this.slots.length) this.grow();
    const at = (this.head + this.used) & (this.slots.length - 1);
    this.slots[at] = message;
    this.slots[at + 1] = sender;
    this.used += 2;
  }

  /** Puts a pair in front of all others. */
  unshift(message: unknown, sender: ActorRef | null): void {
    if (this.used === this.slots.length) this.grow();
    this.head = (this.head - 2) & (this.slots.length - 1);
    this.slots[this.head] = message;
    this.slots[this.head + 1] = sender;
    this.used += 2;
  }

  /** The oldest message; its sender is left in `lastSender`. Call only when `size` is not 0. */
  shift(): unknown {
    const { slots, head } = this;
    const message = slots[head];
    this.lastSender = slots[head + 1] as ActorRef | null;
    slots[head] = undefined;
    slots[head + 1] = undefined;
    this.used -= 2;
    if (this.used === 0) {
      this.head = 0;
      if (slots.length > KEEP_SLOTS) this.slots = EMPTY;
    } else {
      this.head = (head + 2) & (slots.length - 1);
    }
    return message;
  }

  private grow(): void {
    const { slots, head } = this;
    if (slots.length === 0) {
      this.slots = new Array(FIRST_SLOTS).fill(undefined);
      return;
    }
    // Setting the length makes room in place, and faster than copying one by one.
    if (head > 0) this.slots = slots.slice(head).concat(slots.slice(0, head));
    this.slots.length = slots.length * 2;
    this.head = 0;
  }
}

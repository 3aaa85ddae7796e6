// The queue of an actor: a ring of messages, and beside it one of their senders, that grow by doubling.
import type { ActorRef } from './ActorRef.ts';

type Sender = ActorRef | null;

const EMPTY: unknown[] = [];
const FIRST_SLOTS = 8;
/** An emptied ring above this many slots is given back, so that a burst does not stay in memory. */
const KEEP_SLOTS = 1024;

export class Mailbox {
  /** The length is a power of two. */
  private messages = EMPTY;
  /** At the same places, null for nobody. There is no such ring before the first message with a sender. */
  private senders: Sender[] | null = null;
  private head = 0;
  /** Messages that wait. */
  size = 0;
  /** Sender of the message that `shift` returned last. */
  lastSender: Sender = null;

  push(message: unknown, sender: Sender): void {
    if (this.size === this.messages.length) this.grow();
    this.put((this.head + this.size) & (this.messages.length - 1), message, sender);
  }

  /** Puts a message in front of all others. */
  unshift(message: unknown, sender: Sender): void {
    if (this.size === this.messages.length) this.grow();
    this.head = (this.head - 1) & (this.messages.length - 1);
    this.put(this.head, message, sender);
  }

  /** The oldest message; its sender is left in `lastSender`. Call only when `size` is not 0. */
  shift(): unknown {
    const { messages, senders, head } = this;
    const message = messages[head];
    messages[head] = undefined;
    if (senders === null) this.lastSender = null;
    else {
      this.lastSender = senders[head]!;
      senders[head] = null;
    }
    if (--this.size === 0) this.emptied();
    else this.head = (head + 1) & (messages.length - 1);
    return message;
  }

  /** What `shift` would return; undefined when nothing waits. */
  peek(): unknown {
    return this.messages[this.head];
  }

  private put(at: number, message: unknown, sender: Sender): void {
    this.messages[at] = message;
    if (sender !== null) {
      this.senders ??= new Array<Sender>(this.messages.length).fill(null);
      this.senders[at] = sender;
    }
    this.size++;
  }

  private emptied(): void {
    this.head = 0;
    if (this.messages.length <= KEEP_SLOTS) return;
    this.messages = EMPTY;
    this.senders = null;
  }

  private grow(): void {
    const { messages, senders, head, size } = this;
    this.head = 0;
    if (size === 0) {
      this.messages = new Array(FIRST_SLOTS).fill(undefined);
      return;
    }
    this.messages = doubled(messages, head);
    if (senders !== null) this.senders = doubled(senders, head).fill(null, size);
  }
}

/** A ring of twice the length that begins at its first place. */
function doubled<T>(ring: T[], head: number): T[] {
  const larger = head === 0 ? ring : ring.slice(head).concat(ring.slice(0, head));
  // Setting the length makes room in place, and faster than copying one by one.
  larger.length = ring.length * 2;
  return larger;
}

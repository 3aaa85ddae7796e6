// Messages that an actor has put aside to handle later.
import { StashOverflowError } from '../errors.ts';
import type { ActorRef } from './ActorRef.ts';
import type { Mailbox } from './Mailbox.ts';

/** Messages one actor may put aside. */
const CAPACITY = 10_000;

export class Stash {
  private entries: { readonly message: unknown; readonly sender: ActorRef | null }[] = [];

  add(message: unknown, sender: ActorRef | null, owner: ActorRef): void {
    if (this.entries.length >= CAPACITY) {
      throw new StashOverflowError(`${owner} has stashed ${CAPACITY} messages, which is the limit`);
    }
    this.entries.push({ message, sender });
  }

  /** In front of the mailbox, oldest first. */
  moveTo(mailbox: Mailbox): void {
    for (const { message, sender } of this.entries.reverse()) mailbox.unshift(message, sender);
    this.entries = [];
  }
}

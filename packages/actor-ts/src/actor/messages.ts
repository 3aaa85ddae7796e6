// Messages that the runtime gives a meaning to.
import type { ActorRef } from './ActorRef.ts';
import { registerClass } from './serialization.ts';

/** Base of the messages that the cell handles itself instead of giving them to `onReceive`. */
export abstract class AutoReceived {}

/** Stops the actor once everything that was in its mailbox before has been handled. */
export class PoisonPill extends AutoReceived {
  static readonly instance = new PoisonPill();
}

/** Makes the actor fail with an ActorKilledError, which its supervisor then decides on. */
export class Kill extends AutoReceived {
  static readonly instance = new Kill();
}

/** A watched actor has stopped, or its node has been removed from the cluster. */
export class Terminated {
  readonly actor: ActorRef;
  /** True when nothing was heard of the actor itself: its node is gone. */
  readonly addressTerminated: boolean;

  constructor(actor: ActorRef, addressTerminated = false) {
    this.actor = actor;
    this.addressTerminated = addressTerminated;
  }
}

/** Nothing arrived for as long as `context.setReceiveTimeout` said. */
// biome-ignore lint/complexity/noStaticOnlyClass: a message, told by its class
export class ReceiveTimeout {
  static readonly instance = new ReceiveTimeout();
}

/** A message that could not be delivered; published on the event stream. */
export class DeadLetter {
  readonly message: unknown;
  readonly sender: ActorRef | null;
  readonly recipient: ActorRef;

  constructor(message: unknown, sender: ActorRef | null, recipient: ActorRef) {
    this.message = message;
    this.sender = sender;
    this.recipient = recipient;
  }
}

/** A message that an actor passed to `unhandled`; published on the event stream. */
export class UnhandledMessage {
  readonly message: unknown;
  readonly recipient: ActorRef;

  constructor(message: unknown, recipient: ActorRef) {
    this.message = message;
    this.recipient = recipient;
  }
}

registerClass('actor.PoisonPill', PoisonPill);
registerClass('actor.Kill', Kill);
registerClass('actor.Terminated', Terminated);
registerClass('actor.ReceiveTimeout', ReceiveTimeout);

// The recipe for an actor: how to make one, with what mailbox and which strategy for its children.
import { OptionsError } from '../errors.ts';
import type { Actor } from './Actor.ts';
import type { SupervisorStrategy } from './Supervision.ts';

export class Props<TMsg = any> {
  readonly factory: () => Actor<TMsg>;
  readonly supervisorStrategy: SupervisorStrategy | null;
  /** Messages the mailbox holds; what comes on top goes to dead letters. */
  readonly mailboxCapacity: number;

  private constructor(
    factory: () => Actor<TMsg>,
    supervisorStrategy: SupervisorStrategy | null,
    mailboxCapacity: number,
  ) {
    this.factory = factory;
    this.supervisorStrategy = supervisorStrategy;
    this.mailboxCapacity = mailboxCapacity;
  }

  /** `factory` runs once at the start and once for each restart, and must make a new actor each time. */
  static create<TMsg>(factory: () => Actor<TMsg>): Props<TMsg> {
    if (typeof factory !== 'function') {
      throw new OptionsError(`Props.create takes a function that makes an actor, got ${factory}`);
    }
    return new Props(factory, null, Number.POSITIVE_INFINITY);
  }

  /** The strategy that the actor uses for its children, instead of its `supervisorStrategy()`. */
  withSupervisorStrategy(strategy: SupervisorStrategy): Props<TMsg> {
    return new Props(this.factory, strategy, this.mailboxCapacity);
  }

  /** @throws OptionsError unless `capacity` is a whole number from 1 */
  withMailboxCapacity(capacity: number): Props<TMsg> {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new OptionsError(`withMailboxCapacity takes a whole number from 1, got ${capacity}`);
    }
    return new Props(this.factory, this.supervisorStrategy, capacity);
  }
}

// The only way to reach an actor: a handle that can be told and asked, stored, compared and sent
// along in messages, wherever the actor lives.
import type { ActorPath } from './ActorPath.ts';
import type { SystemMessage } from './systemMessages.ts';

/** What the caller of `ask` passes: the message without the `replyTo` that `ask` fills in. */
export type WithoutReplyTo<T> = T extends { replyTo: unknown } ? Omit<T, 'replyTo'> : T;

export abstract class ActorRef<TMsg = any> {
  abstract readonly path: ActorPath;

  /** Puts `message` into the actor's mailbox and returns at once. At most once, in order per sender. */
  abstract tell(message: TMsg, sender?: ActorRef | null): void;

  /**
   * Tells the actor a copy of `message` with a `replyTo` added, and resolves with the first message
   * that `replyTo` (or the sender) is told. A reply that is an Error rejects.
   * @throws AskTimeoutError when no reply came within `timeoutMs` milliseconds
   */
  abstract ask<TRes = unknown>(message: WithoutReplyTo<TMsg>, timeoutMs?: number): Promise<TRes>;

  /** @internal Delivers a message of the runtime, ahead of all user messages. */
  abstract sendSystem(message: SystemMessage): void;

  /** Stops the actor after the message it is handling; the rest of its mailbox goes to dead letters. */
  stop(): void {
    this.sendSystem({ kind: 'terminate' });
  }

  /** Makes the actor fail with an ActorKilledError, after what is in its mailbox now. */
  abstract kill(): void;

  equals(other: ActorRef): boolean {
    return this === other || this.path.equals(other.path);
  }

  toString(): string {
    return this.path.toString();
  }
}

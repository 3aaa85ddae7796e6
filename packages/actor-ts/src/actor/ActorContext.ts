// What an actor may ask of its surroundings.
import type { Option } from '../option.ts';
import type { ActorRef } from './ActorRef.ts';
import type { ActorSystem } from './ActorSystem.ts';
import type { Props } from './Props.ts';
import type { Timers } from './Timers.ts';

export type Receive = (message: any) => void | Promise<void>;

export interface ActorContext {
  readonly self: ActorRef;
  readonly system: ActorSystem;
  /** None for the guardians at the top. */
  readonly parent: Option<ActorRef>;
  readonly children: readonly ActorRef[];
  child(name: string): Option<ActorRef>;

  /** @throws InvalidActorNameError when a child has the name, or it cannot be one */
  spawn<T>(props: Props<T>, name: string): ActorRef<T>;
  spawnAnonymous<T>(props: Props<T>): ActorRef<T>;
  /** Stops a child or any other actor, after the message it is handling. */
  stop(ref: ActorRef): void;
  stopSelf(): void;

  /** `Terminated(ref)` arrives when the actor stops, has stopped already, or its node is removed. */
  watch(ref: ActorRef): void;
  unwatch(ref: ActorRef): void;

  /** Handles messages with `receive` from the next one on. `discardOld: false` keeps the way back. */
  become(receive: Receive, discardOld?: boolean): void;
  unbecome(): void;

  /** Puts the message being handled aside, until `unstashAll`. @throws StashOverflowError */
  stash(): void;
  /** Brings all stashed messages back, before everything else in the mailbox, in their order. */
  unstashAll(): void;

  /** `ReceiveTimeout` arrives when nothing else has for `timeoutMs`; null switches it off. */
  setReceiveTimeout(timeoutMs: number | null): void;
  readonly timers: Timers;
}

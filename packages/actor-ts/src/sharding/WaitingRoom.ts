// The bound on all messages that wait in one region, and the account of those it turned away.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { Waiting } from './Shard.ts';

const WARN_INTERVAL_MS = 1000;

export class WaitingRoom {
  private readonly system: ActorSystem;
  private readonly region: ActorRef;
  private readonly typeName: string;
  private readonly capacity: number;
  private used = 0;
  private turnedAway = 0;
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(system: ActorSystem, region: ActorRef, typeName: string, capacity: number) {
    this.system = system;
    this.region = region;
    this.typeName = typeName;
    this.capacity = capacity;
  }

  get size(): number {
    return this.used;
  }

  /** Puts the message at the end of `list`; when the room is full it becomes a dead letter. */
  add(list: Waiting[], message: Waiting): boolean {
    if (this.used >= this.capacity) {
      this.turnAway(message);
      return false;
    }
    this.used++;
    list.push(message);
    return true;
  }

  /** Empties `list`. What was in it no longer counts. */
  takeAll(list: Waiting[]): Waiting[] {
    this.used -= list.length;
    return list.splice(0);
  }

  private turnAway({ message, sender }: Waiting): void {
    this.turnedAway++;
    this.system.deadLetter(message, sender, this.region);
    const now = this.system.scheduler.now();
    if (now - this.warnedAt < WARN_INTERVAL_MS) return;
    this.warnedAt = now;
    const { typeName: type, capacity, turnedAway } = this;
    this.system.log.warn(
      { type, capacity, turnedAway },
      'too many messages wait for entities of this type; the newest went to dead letters',
    );
  }
}

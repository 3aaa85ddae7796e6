// How entities go to rest: by their own request, after a time without messages, or to make room.
import type { ActorRef } from '../actor/ActorRef.ts';

/**
 * Told to `context.parent` by an entity that wants to rest: the region tells it `stopMessage` and
 * keeps what arrives until it has stopped; then the entity is started again if anything did. A
 * remembered entity is forgotten. `entity` defaults to the sender.
 */
export class Passivate {
  readonly stopMessage: unknown;
  readonly entity: ActorRef | null;

  constructor(stopMessage: unknown, entity: ActorRef | null = null) {
    this.stopMessage = stopMessage;
    this.entity = entity;
  }
}

/** Things in the order of their last use. */
export class Recency<T> {
  private readonly lastUsed = new Map<T, number>();

  get size(): number {
    return this.lastUsed.size;
  }

  /** `now`: monotonic milliseconds. */
  touch(item: T, now: number): void {
    this.lastUsed.delete(item);
    this.lastUsed.set(item, now);
  }

  remove(item: T): void {
    this.lastUsed.delete(item);
  }

  clear(): void {
    this.lastUsed.clear();
  }

  /** What was used longest ago. */
  oldest(): T | undefined {
    for (const item of this.lastUsed.keys()) return item;
    return undefined;
  }

  /** What was last used at `time` or before. */
  unusedSince(time: number): T[] {
    const items: T[] = [];
    for (const [item, usedAt] of this.lastUsed) {
      if (usedAt > time) break;
      items.push(item);
    }
    return items;
  }
}

// What a region knows of one shard: where it lives, whether that is here, and what waits for it.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { Cancellable } from '../actor/Scheduler.ts';
import type { Grant, NodeKey } from './messages.ts';

/** A message that waits for its shard to have a home, or for its entity to start. */
export interface Waiting {
  readonly entityId: string;
  readonly message: unknown;
  readonly sender: ActorRef | null;
  readonly hops: number;
}

/**
 * `starting`: its start is being recorded. `resting`: has been asked to stop, will be started again
 * if something arrives. `stopping`: goes with its shard. `crashed`: stopped by itself, comes back
 * after a pause.
 */
export type EntityState = 'starting' | 'running' | 'resting' | 'stopping' | 'crashed';

export class Entity {
  readonly id: string;
  readonly shard: Shard;
  ref: ActorRef | null = null;
  state: EntityState = 'starting';
  waiting: Waiting[] = [];
  /** Stops in a row that nobody asked for. */
  crashes = 0;
  /** Ends a rest that takes too long, or a pause after a crash. */
  timer: Cancellable | null = null;

  constructor(id: string, shard: Shard) {
    this.id = id;
    this.shard = shard;
  }
}

export class Shard {
  readonly id: number;
  /** By the coordinator's word; null while it has none, or none is known. */
  home: NodeKey | null = null;
  /** Between the begin of a hand-off and the next word about the home: nothing is sent there. */
  moving = false;
  /** The right to host it, when this region does. */
  grant: Grant | null = null;
  /** Its entities are being stopped; what arrives waits for the next home. */
  stopping = false;
  readonly entities = new Map<string, Entity>();
  waiting: Waiting[] = [];
  /** Looks after a hand-off that takes too long. */
  stopTimer: Cancellable | null = null;

  constructor(id: number) {
    this.id = id;
  }

  get isHosted(): boolean {
    return this.grant !== null && !this.stopping;
  }

  /** The ids of its entities without those that are not there for anybody yet. */
  started(): string[] {
    return [...this.entities.values()].filter((e) => e.state !== 'starting').map(({ id }) => id);
  }
}

/** The shard of an entity: FNV-1a over the id's UTF-16 code units, mixed, so that all bits count. */
export function shardOf(entityId: string, numShards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < entityId.length; i++) {
    const unit = entityId.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % numShards;
}

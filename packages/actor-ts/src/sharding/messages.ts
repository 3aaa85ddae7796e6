// What regions and coordinators say to each other. Plain data in registered wrapper classes, so that
// no message of the application can be taken for one of ours.
import { registerClass, registerPositional } from '../actor/serialization.ts';

/** A node by address and incarnation: `system@host:port#uid`. */
export type NodeKey = string;

/** One reign of one coordinator. Regions obey only the highest epoch they have registered with. */
export interface Epoch {
  readonly term: number;
  readonly node: NodeKey;
}

/** The right to host a shard. Of two grants for one shard the later one counts. */
export interface Grant {
  readonly epoch: Epoch;
  readonly seq: number;
}

export function compareEpochs(a: Epoch, b: Epoch): number {
  if (a.term !== b.term) return a.term - b.term;
  if (a.node === b.node) return 0;
  return a.node < b.node ? -1 : 1;
}

export function compareGrants(a: Grant, b: Grant): number {
  return compareEpochs(a.epoch, b.epoch) || a.seq - b.seq;
}

/** A shard that a region hosts; `stopping` once it has begun to stop the shard's entities. */
export interface HeldShard {
  readonly shard: number;
  readonly grant: Grant;
  readonly stopping: boolean;
}

/** Shard → node, null where it has none now. */
export type HomeChange = readonly [shard: number, node: NodeKey | null];

/** From a region to the coordinator. Each is safe to send again. */
export type ToCoordinator =
  /** "I am here; say hello": sent until the coordinator answers with `registered`. */
  | { readonly kind: 'announce'; readonly node: NodeKey; readonly promised: Epoch | null }
  /** The answer to `hello`. From here on the region refuses every earlier epoch. */
  | {
      readonly kind: 'register';
      readonly node: NodeKey;
      readonly epoch: Epoch;
      readonly numShards: number;
      readonly proxy: boolean;
      readonly leaving: boolean;
      readonly journalAnswers: boolean;
      readonly held: readonly HeldShard[];
      /** Shards that have waiting messages, or whose last known home is gone. */
      readonly wanted: readonly number[];
    }
  | { readonly kind: 'get-homes'; readonly node: NodeKey; readonly shards: readonly number[] }
  /** Finds changes that got lost on the way, and says how the region is. */
  | {
      readonly kind: 'sync';
      readonly node: NodeKey;
      readonly epoch: Epoch;
      readonly version: number;
      readonly journalAnswers: boolean;
    }
  | {
      readonly kind: 'shard-started';
      readonly node: NodeKey;
      readonly shard: number;
      readonly grant: Grant;
    }
  /** "I send nothing more to that home." Travels through the old home, behind all it was sent. */
  | {
      readonly kind: 'hand-off-ready';
      readonly node: NodeKey;
      readonly shard: number;
      readonly grant: Grant;
    }
  | {
      readonly kind: 'shard-stopped';
      readonly node: NodeKey;
      readonly shard: number;
      readonly grant: Grant;
    }
  /** "Take all my shards": sent until answered with `leave-done`. */
  | { readonly kind: 'leave'; readonly node: NodeKey };

/** From the coordinator to a region. Each is safe to send again. */
export type ToRegion =
  | { readonly kind: 'hello'; readonly epoch: Epoch }
  /** The whole map, after registration or a gap. */
  | {
      readonly kind: 'registered';
      readonly epoch: Epoch;
      readonly version: number;
      readonly homes: readonly HomeChange[];
    }
  | { readonly kind: 'refused'; readonly epoch: Epoch; readonly reason: string }
  | {
      readonly kind: 'homes';
      readonly epoch: Epoch;
      /** The version these changes lead to; they apply to the one before. */
      readonly version: number;
      readonly changes: readonly HomeChange[];
    }
  /** An answer to `get-homes` for shards that already have a home. */
  | { readonly kind: 'home-is'; readonly epoch: Epoch; readonly homes: readonly HomeChange[] }
  | ({ readonly kind: 'host-shard'; readonly shard: number; readonly grant: Grant } & ForNode)
  /** Stop routing to the shard, buffer, and answer `hand-off-ready` through `home`. */
  | {
      readonly kind: 'begin-hand-off';
      readonly epoch: Epoch;
      readonly shard: number;
      readonly grant: Grant;
      readonly home: NodeKey;
    }
  /** Stop the shard's entities, then answer `shard-stopped`. */
  | ({ readonly kind: 'hand-off'; readonly shard: number; readonly grant: Grant } & ForNode)
  | { readonly kind: 'leave-done'; readonly epoch: Epoch };

/** Orders are for one incarnation; a process restarted on its address must not take them. */
interface ForNode {
  readonly epoch: Epoch;
  readonly node: NodeKey;
}

/** Carries a `ToCoordinator`. */
export class CoordinatorMessage {
  readonly body: ToCoordinator;

  constructor(body: ToCoordinator) {
    this.body = body;
  }
}

/** Carries a `ToRegion`. */
export class RegionMessage {
  readonly body: ToRegion;

  constructor(body: ToRegion) {
    this.body = body;
  }
}

/** From region to region: pass this on to the coordinator, behind everything I sent you before. */
export class RelayToCoordinator {
  readonly body: ToCoordinator;

  constructor(body: ToCoordinator) {
    this.body = body;
  }
}

/** A message on its way to an entity, from region to region. */
export class EntityEnvelope {
  readonly shard: number;
  readonly entityId: string;
  readonly message: unknown;
  /** How many regions have passed it on. */
  readonly hops: number;

  constructor(shard: number, entityId: string, message: unknown, hops: number) {
    this.shard = shard;
    this.entityId = entityId;
    this.message = message;
    this.hops = hops;
  }
}

/** Asks a region what it hosts; the answer is a `ShardStats`. */
export class GetShardStats {
  readonly request = true;
}

export interface ShardStats {
  readonly shards: readonly { readonly shard: number; readonly entities: readonly string[] }[];
}

registerClass('sharding.CoordinatorMessage', CoordinatorMessage);
registerClass('sharding.RegionMessage', RegionMessage);
registerClass('sharding.RelayToCoordinator', RelayToCoordinator);
registerPositional('sharding.EntityEnvelope', EntityEnvelope, [
  'shard',
  'entityId',
  'message',
  'hops',
]);
registerClass('sharding.GetShardStats', GetShardStats);

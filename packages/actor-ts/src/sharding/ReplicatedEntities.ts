// Remembered entities without a journal: every region keeps a copy of the registry in memory. A
// shard's home tells the others what changes, numbered within its grant; who misses a number asks
// for the whole set. It lasts as long as one of the nodes does.
import type { ActorRef } from '../actor/ActorRef.ts';
import { registerClass } from '../actor/serialization.ts';
import { compareGrants, type Grant } from './messages.ts';
import type { RememberedEntities } from './RememberedEntities.ts';

export interface ShardChange {
  readonly shard: number;
  readonly grant: Grant;
  /** The number of this change within the grant; it applies to the one before. */
  readonly version: number;
  readonly started: readonly string[];
  readonly stopped: readonly string[];
}

export interface ShardEntities {
  readonly shard: number;
  readonly grant: Grant;
  readonly version: number;
  readonly ids: readonly string[];
  /** Whether this adds to a part that came before. */
  readonly isMore: boolean;
}

/** From a shard's home to all other regions. */
export class RememberedChanges {
  readonly changes: readonly ShardChange[];

  constructor(changes: readonly ShardChange[]) {
    this.changes = changes;
  }
}

/** Whole sets, from whoever has them. */
export class RememberedSets {
  readonly sets: readonly ShardEntities[];

  constructor(sets: readonly ShardEntities[]) {
    this.sets = sets;
  }
}

/** Asks a region for the sets of these shards, or of all. The answer goes to the sender. */
export class GetRememberedSets {
  readonly shards: readonly number[] | null;

  constructor(shards: readonly number[] | null) {
    this.shards = shards;
  }
}

registerClass('sharding.RememberedChanges', RememberedChanges);
registerClass('sharding.RememberedSets', RememberedSets);
registerClass('sharding.GetRememberedSets', GetRememberedSets);

const IDS_PER_MESSAGE = 2000;

interface Replica {
  grant: Grant;
  version: number;
  readonly ids: Set<string>;
}

/** What the registry needs of its region. */
export interface ReplicationPeers {
  /** The regions of all other nodes. */
  others(): readonly ActorRef[];
  readonly self: ActorRef;
  /** A record of a former home came late: start these too. */
  startLate(shard: number, ids: readonly string[]): void;
}

export class ReplicatedEntities implements RememberedEntities {
  private readonly peers: ReplicationPeers;
  private readonly replicas = new Map<number, Replica>();
  private readonly owned = new Set<number>();
  private readonly pending = new Map<number, Map<string, boolean>>();
  /** What is pending will have been told when this resolves. */
  private telling: Promise<void> | null = null;

  constructor(peers: ReplicationPeers) {
    this.peers = peers;
  }

  async open(shard: number, grant: Grant): Promise<Iterable<string>> {
    const ids = this.replicas.get(shard)?.ids ?? new Set<string>();
    const before = [...ids];
    // Change 1 is what it begins with: who misses that sees a gap before the next one.
    this.replicas.set(shard, { grant, version: ids.size > 0 ? 1 : 0, ids });
    this.owned.add(shard);
    if (ids.size > 0) this.sendSets(this.peers.others(), [shard]);
    return before;
  }

  add(shard: number, id: string): Promise<void> | null {
    return this.change(shard, id, true);
  }

  remove(shard: number, id: string): void {
    this.change(shard, id, false);
  }

  async close(shard: number): Promise<void> {
    this.flush();
    this.owned.delete(shard);
  }

  abandon(shard: number): void {
    this.pending.delete(shard);
    this.owned.delete(shard);
  }

  abandonAll(): void {
    this.pending.clear();
    this.owned.clear();
    this.replicas.clear();
  }

  async shards(): Promise<readonly number[]> {
    return [...this.replicas].filter(([, { ids }]) => ids.size > 0).map(([shard]) => shard);
  }

  // ---- between regions -------------------------------------------------------------------------

  /** For a region that has just come, or whose connection broke and may have missed something. */
  sendOwnedTo(region: ActorRef): void {
    this.sendSets([region], [...this.owned]);
  }

  askForAll(region: ActorRef): void {
    region.tell(new GetRememberedSets(null), this.peers.self);
  }

  onRequest({ shards }: GetRememberedSets, from: ActorRef): void {
    this.sendSets([from], shards ?? [...this.replicas.keys()]);
  }

  onChanges({ changes }: RememberedChanges, from: ActorRef): void {
    const missed: number[] = [];
    for (const change of changes) if (!this.apply(change)) missed.push(change.shard);
    if (missed.length > 0) from.tell(new GetRememberedSets(missed), this.peers.self);
  }

  onSets({ sets }: RememberedSets): void {
    for (const { shard, grant, version, ids, isMore } of sets) {
      const replica = this.replicas.get(shard);
      if (this.owned.has(shard)) {
        if (compareGrants(grant, replica!.grant) < 0) this.peers.startLate(shard, ids);
      } else if (isMore) {
        const isSame = replica?.version === version && compareGrants(replica.grant, grant) === 0;
        if (isSame) for (const id of ids) replica.ids.add(id);
      } else if (replica === undefined || isNewer(grant, version, replica)) {
        this.replicas.set(shard, { grant, version, ids: new Set(ids) });
      }
    }
  }

  /** False when something before it is missing. */
  private apply({ shard, grant, version, started, stopped }: ShardChange): boolean {
    const replica = this.replicas.get(shard);
    const order = replica === undefined ? 1 : compareGrants(grant, replica.grant);
    if (this.owned.has(shard)) {
      if (order < 0) this.peers.startLate(shard, started);
      return true;
    }
    if (order < 0 || (order === 0 && version <= replica!.version)) return true;
    const isNext = order === 0 ? version === replica!.version + 1 : version === 1;
    if (!isNext || (order > 0 && replica !== undefined && replica.ids.size > 0)) return false;
    const next = order === 0 ? replica! : { grant, version: 0, ids: new Set<string>() };
    next.version = version;
    for (const id of started) next.ids.add(id);
    for (const id of stopped) next.ids.delete(id);
    this.replicas.set(shard, next);
    return true;
  }

  // ---- out -------------------------------------------------------------------------------------

  private change(shard: number, id: string, running: boolean): Promise<void> | null {
    const replica = this.replicas.get(shard);
    if (replica === undefined || !this.owned.has(shard) || replica.ids.has(id) === running) {
      return null;
    }
    if (running) replica.ids.add(id);
    else replica.ids.delete(id);
    const changes = this.pending.get(shard) ?? new Map<string, boolean>();
    this.pending.set(shard, changes.set(id, running));
    this.telling ??= Promise.resolve().then(() => {
      this.telling = null;
      this.flush();
    });
    return this.telling;
  }

  private flush(): void {
    if (this.pending.size === 0) return;
    const changes: ShardChange[] = [];
    for (const [shard, ids] of this.pending) {
      const replica = this.replicas.get(shard)!;
      const started = [...ids].filter(([, running]) => running).map(([id]) => id);
      const stopped = [...ids].filter(([, running]) => !running).map(([id]) => id);
      changes.push({ shard, grant: replica.grant, version: ++replica.version, started, stopped });
    }
    this.pending.clear();
    const message = new RememberedChanges(changes);
    for (const region of this.peers.others()) region.tell(message, this.peers.self);
  }

  private sendSets(regions: readonly ActorRef[], shards: readonly number[]): void {
    if (this.pending.size > 0) this.flush();
    let sets: ShardEntities[] = [];
    let size = 0;
    const send = () => {
      const message = new RememberedSets(sets);
      for (const region of regions) region.tell(message, this.peers.self);
      sets = [];
      size = 0;
    };
    for (const shard of shards) {
      const replica = this.replicas.get(shard);
      if (replica === undefined) continue;
      const { grant, version } = replica;
      const all = [...replica.ids];
      for (let i = 0; i === 0 || i < all.length; i += IDS_PER_MESSAGE) {
        const ids = all.slice(i, i + IDS_PER_MESSAGE);
        sets.push({ shard, grant, version, ids, isMore: i > 0 });
        size += ids.length + 1;
        if (size >= IDS_PER_MESSAGE) send();
      }
    }
    if (sets.length > 0) send();
  }
}

function isNewer(grant: Grant, version: number, replica: Replica): boolean {
  const order = compareGrants(grant, replica.grant);
  return order > 0 || (order === 0 && version > replica.version);
}

// Cluster sharding: entities with an id, each living on one node of the cluster, reached from any.
import type { Actor } from '../actor/Actor.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { Props } from '../actor/Props.ts';
import { Cluster } from '../cluster/Cluster.ts';
import { ActorStateError, OptionsError } from '../errors.ts';
import { addressOf, addressTextOf } from './membership.ts';
import { GetShardStats, type NodeKey, type ShardStats } from './messages.ts';
import { ShardCoordinatorActor } from './ShardCoordinatorActor.ts';
import {
  checkSharding,
  differenceBetween,
  type ProxyOptions,
  type ShardingOptions,
  type ShardingSettings,
  toProps,
} from './ShardingOptions.ts';
import { ShardRegion } from './ShardRegion.ts';
import { TypeRuntime } from './TypeRuntime.ts';

declare module '../cluster/Cluster.ts' {
  interface ClusterParts {
    sharding: ClusterSharding;
  }
}

/** Where one shard is and which of its entities run. */
export interface ShardDescription {
  readonly shard: number;
  /** `system@host:port` */
  readonly node: string;
  readonly entities: readonly string[];
}

type EntityClass<TMsg> = new () => Actor<TMsg>;
type EntitySource<TMsg> = EntityClass<TMsg> | (() => Actor<TMsg>) | Props<TMsg>;
type RestOf<TMsg> = Omit<ShardingOptions<TMsg>, 'typeName' | 'entityProps'>;

/** Milliseconds that a region has to say what runs on it. */
const STATS_TIMEOUT_MS = 2000;

export class ClusterSharding {
  private static readonly instances = new WeakMap<Cluster, ClusterSharding>();

  private readonly system: ActorSystem;
  private readonly cluster: Cluster;
  private readonly started = new Map<string, { runtime: TypeRuntime; region: ActorRef }>();

  private constructor(system: ActorSystem, cluster: Cluster) {
    this.system = system;
    this.cluster = cluster;
    cluster.onLeave(() => this.handAllOff());
  }

  /** The sharding of this node; the same object at every call, and `cluster.sharding` too. */
  static get(system: ActorSystem, cluster: Cluster): ClusterSharding {
    if (cluster?.system !== system) {
      throw new OptionsError('ClusterSharding.get takes a system and the cluster it has joined');
    }
    let sharding = ClusterSharding.instances.get(cluster);
    if (sharding === undefined) {
      sharding = new ClusterSharding(system, cluster);
      ClusterSharding.instances.set(cluster, sharding);
    }
    return sharding;
  }

  /**
   * Starts this node's region of a type and returns the way to all its entities: what the region is
   * told goes to the entity that `extractEntityId` names, wherever that lives, at most once and in
   * order per sender. Starting a type again returns the same region.
   * @throws OptionsError for a bad option, or one that differs from the first start
   */
  start<TMsg>(options: ShardingOptions<TMsg>): ActorRef<TMsg>;
  start<TMsg>(typeName: string, entity: EntitySource<TMsg>, rest: RestOf<TMsg>): ActorRef<TMsg>;
  start<TMsg>(
    first: ShardingOptions<TMsg> | string,
    entity?: EntitySource<TMsg>,
    rest?: RestOf<TMsg>,
  ): ActorRef<TMsg> {
    const where = 'ClusterSharding.start';
    if (typeof first !== 'string') return this.startRegion(checkSharding(where, first));
    if (typeof entity !== 'function' && !(entity instanceof Props)) {
      throw new OptionsError(`${where}: an entity is an actor class, a function or a Props`);
    }
    const options = { ...rest!, typeName: first, entityProps: toProps(entity) };
    return this.startRegion(checkSharding(where, options));
  }

  /** A way to the entities of a type that hosts none of them here. @throws OptionsError */
  startProxy<TMsg>(options: ProxyOptions<TMsg>): ActorRef<TMsg> {
    const settings = checkSharding('ClusterSharding.startProxy', { ...options, proxy: true });
    return this.startRegion(settings);
  }

  // ---- for management --------------------------------------------------------------------------

  /** The types that were started on this node. */
  types(): string[] {
    return [...this.started.keys()];
  }

  /** Into how many shards the type is divided. @throws ActorStateError */
  numShards(typeName: string): number {
    return this.find(typeName).settings.numShards;
  }

  /** Every region of this node knows where the shards are. */
  get isReady(): boolean {
    return this.unregisteredTypes().length === 0;
  }

  /** Types whose region has not been registered with a coordinator. */
  unregisteredTypes(): string[] {
    return this.types().filter((type) => !this.started.get(type)!.runtime.region?.isRegistered);
  }

  /** How many shards and entities of the type are on this node. @throws ActorStateError */
  local(typeName: string): { readonly shards: number; readonly entities: number } {
    const { shards } = this.find(typeName).region?.stats() ?? { shards: [] };
    return {
      shards: shards.length,
      entities: shards.reduce((sum, { entities }) => sum + entities.length, 0),
    };
  }

  /**
   * All shards that have a home, by number, with the entities that run there; none for a node that
   * does not answer within two seconds.
   * @throws ActorStateError for a type that was not started here
   */
  async describe(typeName: string): Promise<ShardDescription[]> {
    const runtime = this.find(typeName);
    const homes = runtime.region?.homes() ?? [];
    const nodes = [...new Set(homes.map(({ node }) => node))];
    const answers = await Promise.all(nodes.map((node) => this.statsOf(runtime, node)));
    const entities = new Map<string, readonly string[]>();
    for (const [i, { shards }] of answers.entries()) {
      for (const { shard, entities: ids } of shards) entities.set(`${shard} ${nodes[i]}`, ids);
    }
    return homes.map(({ shard, node }) => ({
      shard,
      node: addressTextOf(node),
      entities: entities.get(`${shard} ${node}`) ?? [],
    }));
  }

  private async statsOf(runtime: TypeRuntime, node: NodeKey): Promise<ShardStats> {
    if (node === runtime.self) return runtime.region?.stats() ?? { shards: [] };
    const region = this.cluster.peer(addressOf(node), `/system/${runtime.regionName}`);
    try {
      return await region.ask<ShardStats>(new GetShardStats(), STATS_TIMEOUT_MS);
    } catch (err) {
      this.system.log.debug({ err, node }, 'a region did not say what runs on it');
      return { shards: [] };
    }
  }

  // ---- the rest --------------------------------------------------------------------------------

  private startRegion(settings: ShardingSettings): ActorRef {
    const known = this.started.get(settings.typeName);
    if (known !== undefined) {
      const difference = differenceBetween(known.runtime.settings, settings);
      if (difference === null) return known.region;
      throw new OptionsError(
        `ClusterSharding: type '${settings.typeName}' was started before with another ` +
          `\`${difference}\`; start it once, or with the same options`,
      );
    }
    const runtime = new TypeRuntime(this.system, this.cluster, settings);
    const coordinator = Props.create(() => new ShardCoordinatorActor(runtime));
    this.system.spawnSystem(coordinator, runtime.coordinatorName);
    const props = Props.create(() => new ShardRegion(runtime));
    const region = this.system.spawnSystem(props, runtime.regionName);
    this.started.set(settings.typeName, { runtime, region });
    return region;
  }

  private find(typeName: string): TypeRuntime {
    const found = this.started.get(typeName);
    if (found !== undefined) return found.runtime;
    const types = this.types().join(', ') || 'none';
    throw new ActorStateError(`type '${typeName}' was not started on this node; started: ${types}`);
  }

  private async handAllOff(): Promise<void> {
    await Promise.all([...this.started.values()].map(({ runtime }) => runtime.region?.leave()));
  }
}

Cluster.shardingOf = (cluster) => ClusterSharding.get(cluster.system, cluster);

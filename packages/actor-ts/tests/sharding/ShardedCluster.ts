// Nodes with one sharded type in one process, on an in-memory network that can be cut, and a record
// of everything that its entities did.
import { Actor } from '../../src/actor/Actor.ts';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { Props } from '../../src/actor/Props.ts';
import { Cluster } from '../../src/cluster/Cluster.ts';
import { KeepMajority } from '../../src/cluster/Downing.ts';
import type { MemberStatus } from '../../src/cluster/Member.ts';
import { ClusterSharding } from '../../src/sharding/ClusterSharding.ts';
import { Passivate } from '../../src/sharding/Passivation.ts';
import type { ShardingOptions } from '../../src/sharding/ShardingOptions.ts';
import { MemoryNetwork } from '../../src/testkit/MemoryNetwork.ts';
import { until } from '../../src/testkit/until.ts';

export type Message =
  | { readonly to: string; readonly kind: 'who'; readonly replyTo: ActorRef<Answer> }
  | { readonly to: string; readonly kind: 'note'; readonly from: string; readonly n: number }
  | { readonly to: string; readonly kind: 'rest' }
  | { readonly to: string; readonly kind: 'fail' }
  | { readonly to: string; readonly kind: 'stop' };

export interface Answer {
  readonly id: string;
  readonly node: string;
  /** Messages this instance has had. */
  readonly count: number;
}

interface Note {
  readonly entity: string;
  readonly node: string;
  readonly from: string;
  readonly n: number;
}

export interface NodeOptions {
  readonly roles?: readonly string[];
  readonly sharding?: Partial<ShardingOptions<Message>> | null;
  readonly prepare?: (system: ActorSystem) => void;
}

const RESTED = 'rested';

class Recorder extends Actor<Message | typeof RESTED> {
  private readonly record: ShardedCluster;
  private readonly node: string;
  private count = 0;

  constructor(record: ShardedCluster, node: string) {
    super();
    this.record = record;
    this.node = node;
  }

  override preStart(): void {
    this.record.entityStarted(this.entityId, this.node);
  }

  override postStop(): void {
    this.record.entityStopped(this.entityId, this.node);
  }

  onReceive(message: Message | typeof RESTED): void {
    if (message === RESTED) {
      this.context.stopSelf();
      return;
    }
    this.count++;
    switch (message.kind) {
      case 'who':
        message.replyTo.tell({ id: this.entityId, node: this.node, count: this.count });
        break;
      case 'note':
        this.record.notes.push({
          ...{ entity: this.entityId, node: this.node, from: message.from, n: message.n },
        });
        break;
      case 'rest':
        this.context.parent.forEach((region) => region.tell(new Passivate(RESTED), this.self));
        break;
      case 'fail':
        throw new Error('as told');
      case 'stop':
        this.context.stopSelf();
        break;
    }
  }
}

export class ShardedCluster {
  readonly network = new MemoryNetwork();
  readonly nodes: ShardedNode[] = [];
  readonly notes: Note[] = [];
  /** Entity → nodes on which it runs now. */
  readonly running = new Map<string, Set<string>>();
  /** Entities that ran on two nodes at a time. */
  readonly doubles = new Set<string>();
  private readonly defaults: NodeOptions;
  private count = 0;

  constructor(sharding: Partial<ShardingOptions<Message>> = {}, options: NodeOptions = {}) {
    this.defaults = { ...options, sharding };
  }

  /** Adds `count` nodes; resolves when all see each other up and all regions are registered. */
  async start(count: number, options: NodeOptions = {}): Promise<ShardedNode[]> {
    const added: ShardedNode[] = [];
    for (let i = 0; i < count; i++) added.push(await this.startOne(options));
    await this.settled();
    return added;
  }

  async settled(): Promise<void> {
    await until(() => this.nodes.every((a) => this.nodes.every((b) => a.sees(b) === 'up')), {
      what: 'all nodes to see all nodes up',
    });
    await until(() => this.nodes.every(({ sharding }) => sharding.isReady), {
      what: 'all regions to be registered',
    });
  }

  /** The process dies without a word. What it has written to its sockets before arrives. */
  async crash(node: ShardedNode): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.remove(node);
    this.network.refuse(node.cluster.selfAddress);
    // Its entities are gone with it; what their hooks would record does not count.
    for (const nodes of this.running.values()) nodes.delete(node.name);
    node.isDead = true;
    await node.system.terminate();
  }

  async leave(node: ShardedNode): Promise<void> {
    await node.cluster.leave();
    this.remove(node);
    await node.system.terminate();
  }

  cutOff(node: ShardedNode): void {
    const others = this.nodes.filter((other) => other !== node);
    this.network.partition(
      node.cluster.selfAddress,
      others.map((other) => other.cluster.selfAddress),
    );
  }

  /** Where each entity answers, as asked from `node`. */
  async whereFrom(node: ShardedNode, ids: readonly string[]): Promise<Map<string, string>> {
    const answers = await Promise.all(ids.map((id) => node.who(id)));
    return new Map(answers.map((answer) => [answer.id, answer.node]));
  }

  /** Resolves once no two nodes differ by more than one shard. */
  async balanced(): Promise<void> {
    await until(() => {
      const loads = this.nodes.map(({ sharding }) => sharding.local('recorder').shards);
      return Math.max(...loads) - Math.min(...loads) <= 1;
    });
  }

  entityStarted(id: string, node: string): void {
    const nodes = this.running.get(id) ?? new Set();
    this.running.set(id, nodes.add(node));
    if (nodes.size > 1) this.doubles.add(id);
  }

  entityStopped(id: string, node: string): void {
    this.running.get(id)?.delete(node);
  }

  runningOn(id: string): string[] {
    return [...(this.running.get(id) ?? [])];
  }

  /** What `from` noted to the entity, in the order of arrival. */
  arrived(entity: string, from: string): number[] {
    return this.notes.filter((n) => n.entity === entity && n.from === from).map(({ n }) => n);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ system }) => system.terminate()));
  }

  private remove(node: ShardedNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  private async startOne(given: NodeOptions): Promise<ShardedNode> {
    const options = { ...this.defaults, ...given };
    const { roles = [], prepare } = options;
    const [first] = this.nodes;
    const name = `node${++this.count}`;
    const logLevel = (process.env.SHARDING_LOG ?? 'silent') as 'silent';
    const system = ActorSystem.create('test', { logLevel });
    prepare?.(system);
    const cluster = await Cluster.join(system, {
      host: name,
      port: 0,
      roles,
      seeds: first === undefined ? [] : [first.cluster.selfAddress.toString()],
      transport: this.network.transport(),
      gossipIntervalMs: 50,
      failureDetector: { heartbeatIntervalMs: 100, acceptablePauseMs: 500 },
      downing: new KeepMajority({ stableAfterMs: 1500 }),
    });
    const node = new ShardedNode(name, system, cluster);
    this.nodes.push(node);
    if (options.sharding !== null) node.startSharding(this, options.sharding ?? {});
    return node;
  }
}

export class ShardedNode {
  readonly name: string;
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  isDead = false;
  region!: ActorRef<Message>;

  constructor(name: string, system: ActorSystem, cluster: Cluster) {
    this.name = name;
    this.system = system;
    this.cluster = cluster;
  }

  startSharding(record: ShardedCluster, options: Partial<ShardingOptions<Message>>): void {
    const silenced = Object.create(record, {
      entityStarted: {
        value: (id: string) => this.isDead || record.entityStarted(id, this.name),
      },
      entityStopped: {
        value: (id: string) => this.isDead || record.entityStopped(id, this.name),
      },
    }) as ShardedCluster;
    this.region = this.sharding.start<Message>({
      typeName: 'recorder',
      ...(options.proxy
        ? {}
        : { entityProps: Props.create(() => new Recorder(silenced, this.name)) }),
      extractEntityId: ({ to }) => to,
      numShards: 16,
      rebalanceIntervalMs: 100,
      ...options,
    } as ShardingOptions<Message>);
  }

  get sharding(): ClusterSharding {
    return ClusterSharding.get(this.system, this.cluster);
  }

  who(to: string, timeoutMs = 3000): Promise<Answer> {
    return this.region.ask<Answer>({ to, kind: 'who' }, timeoutMs);
  }

  note(to: string, n: number, from = this.name): void {
    this.region.tell({ to, kind: 'note', from, n });
  }

  /** The status of `other` as this node sees it; undefined when it is no member. */
  sees(other: ShardedNode): MemberStatus | undefined {
    const { uid } = other.cluster.self;
    return this.cluster.getMembers().find((member) => member.uid === uid)?.status;
  }
}

export function idsOf(count: number, prefix = 'id'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}

// Nodes with pub/sub in one process, on an in-memory network that can be cut.

import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { TraceHop } from '../../src/actor/Trace.ts';
import { Cluster } from '../../src/cluster/Cluster.ts';
import { KeepMajority } from '../../src/cluster/Downing.ts';
import type { MemberStatus } from '../../src/cluster/Member.ts';
import {
  type DistributedPubSub,
  DistributedPubSubId,
  GetTopics,
  Publish,
  type PubSubStats,
  Subscribe,
  SubscribeAck,
} from '../../src/pubsub/index.ts';
import { MemoryNetwork } from '../../src/testkit/MemoryNetwork.ts';
import { TestProbe } from '../../src/testkit/TestProbe.ts';
import { until } from '../../src/testkit/until.ts';

export interface NodeOptions {
  /** Default true. */
  pubsub?: boolean;
}

export class TestCluster {
  readonly network = new MemoryNetwork();
  readonly nodes: PubSubNode[] = [];

  /** Adds `count` nodes; resolves when all nodes see each other up. */
  async start(count: number, options: NodeOptions = {}): Promise<PubSubNode[]> {
    const added: PubSubNode[] = [];
    for (let i = 0; i < count; i++) added.push(await this.startOne(options));
    await until(() => this.nodes.every((a) => this.nodes.every((b) => a.sees(b) === 'up')), {
      what: 'all nodes to see all nodes up',
    });
    for (const node of added) await node.settle();
    return added;
  }

  /** The process dies without a word. */
  async crash(node: PubSubNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.network.refuse(node.cluster.selfAddress);
    await node.system.terminate();
  }

  cutOff(node: PubSubNode): void {
    const others = this.nodes.filter((other) => other !== node);
    this.network.partition(
      node.cluster.selfAddress,
      others.map((other) => other.cluster.selfAddress),
    );
  }

  heal(): void {
    this.network.heal();
  }

  mediatorSeenFrom(from: PubSubNode, of: PubSubNode): ActorRef {
    return from.cluster.peer(of.cluster.selfAddress, '/system/pubsub');
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.system.terminate()));
  }

  private async startOne({ pubsub = true }: NodeOptions): Promise<PubSubNode> {
    const [first] = this.nodes;
    const system = ActorSystem.create('pubsub', {
      logLevel: 'silent',
      trace: { idOf },
    });
    const cluster = await Cluster.join(system, {
      host: `node${this.nodes.length + 1}`,
      port: 0,
      seeds: first === undefined ? [] : [first.cluster.selfAddress.toString()],
      transport: this.network.transport(),
      gossipIntervalMs: 50,
      failureDetector: { heartbeatIntervalMs: 100, acceptablePauseMs: 500 },
      downing: new KeepMajority({ stableAfterMs: 1500 }),
    });
    const node = new PubSubNode(system, cluster);
    if (pubsub) system.extension(DistributedPubSubId).start(cluster);
    this.nodes.push(node);
    return node;
  }
}

export class PubSubNode {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  private before: PubSubStats | null = null;
  private readonly seenHops: TraceHop[] = [];

  constructor(system: ActorSystem, cluster: Cluster) {
    this.system = system;
    this.cluster = cluster;
    system.eventStream.subscribe<TraceHop>((hop) => this.seenHops.push(hop), TraceHop);
  }

  get name(): string {
    return this.cluster.selfAddress.host;
  }

  get mediator(): ActorRef {
    return this.system.extension(DistributedPubSubId).mediator;
  }

  probe(): TestProbe {
    return new TestProbe(this.system);
  }

  /** A probe that is subscribed to `topics`, as far as the acknowledgements say. */
  async subscriber(...topics: string[]): Promise<TestProbe> {
    const probe = this.probe();
    for (const topic of topics) this.mediator.tell(new Subscribe(topic, probe.ref));
    for (const _ of topics) await probe.expectMessageType(SubscribeAck);
    return probe;
  }

  publish(topic: string, message: unknown): void {
    this.mediator.tell(new Publish(topic, message));
  }

  /** Resolves when the node knows what all others want, so that what nobody wants goes nowhere. */
  async settle(): Promise<void> {
    if (!this.pubsub.isStarted) return;
    await until(async () => {
      const { unheard } = this.pubsub.stats();
      this.publish('nobody', 'wants this');
      await this.mediator.ask(new GetTopics());
      this.before = this.pubsub.stats();
      return this.before.unheard > unheard;
    });
  }

  /** Since the node settled. */
  counters(): PubSubStats {
    const { topics, subscriptions, ...totals } = this.pubsub.stats();
    const { published, delivered, forwarded, unheard } = this.before!;
    return {
      topics,
      subscriptions,
      published: totals.published - published,
      delivered: totals.delivered - delivered,
      forwarded: totals.forwarded - forwarded,
      unheard: totals.unheard - unheard,
    };
  }

  private get pubsub(): DistributedPubSub {
    return this.system.extension(DistributedPubSubId);
  }

  hops(): readonly TraceHop[] {
    return this.seenHops;
  }

  /** The status of `other` as this node sees it; undefined when it is no member. */
  sees(other: PubSubNode): MemberStatus | undefined {
    const { address, uid } = other.cluster.self;
    return this.cluster.getMembers().find((m) => m.uid === uid && m.address.equals(address))
      ?.status;
  }
}

/** What a mediator fails on. */
export const breaksMediators = 'breaks mediators';

function idOf(message: unknown): string | undefined {
  if (message === breaksMediators) throw new Error('a tracer that fails');
  return (message as { id?: string }).id;
}

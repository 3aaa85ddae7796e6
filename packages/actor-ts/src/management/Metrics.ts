// `GET /metrics`: the process and the runtime in the text format of Prometheus.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { DistributedPubSubId } from '../pubsub/DistributedPubSub.ts';
import type { PubSubStats } from '../pubsub/PubSubStats.ts';
import { ClusterSharding } from '../sharding/ClusterSharding.ts';
import type { EventFeed } from './EventFeed.ts';
import type { Reply } from './reply.ts';

/** A registry of its own, so that several systems in one process do not add up. */
export class Metrics {
  private readonly registry = new Registry();

  constructor(system: ActorSystem, cluster: Cluster, feed: EventFeed) {
    const { registry } = this;
    collectDefaultMetrics({ register: registry });
    addClusterMetrics(registry, cluster);
    addShardingMetrics(registry, ClusterSharding.get(system, cluster));
    addPubSubMetrics(registry, () => system.extension(DistributedPubSubId).stats());
    addTotal(registry, 'actor_ts_dead_letters_total', 'Messages that found no recipient', () => {
      return system.deadLetterCount;
    });
    addTotal(registry, 'actor_ts_remote_lost_total', 'Messages that could not be sent', () => {
      return cluster.remoting.lostMessages;
    });
    addGauge(registry, 'actor_ts_event_readers', 'Readers of /events', () => feed.size);
    addTotal(
      registry,
      'actor_ts_event_readers_dropped_total',
      'Readers cut off as too slow',
      () => {
        return feed.dropped;
      },
    );
  }

  async reply(): Promise<Reply> {
    const body = await this.registry.metrics();
    return { status: 200, contentType: this.registry.contentType, body };
  }
}

function addClusterMetrics(registry: Registry, cluster: Cluster): void {
  new Gauge({
    name: 'actor_ts_cluster_members',
    help: 'Members of the cluster as this node sees them',
    labelNames: ['status'],
    registers: [registry],
    collect() {
      this.reset();
      this.set({ status: 'up' }, 0);
      this.set({ status: 'unreachable' }, 0);
      for (const { status } of cluster.getMembers()) this.inc({ status });
    },
  });
  addGauge(registry, 'actor_ts_cluster_leader', '1 on the leader, else 0', () =>
    cluster.isLeader ? 1 : 0,
  );
}

function addShardingMetrics(registry: Registry, sharding: ClusterSharding): void {
  const perType = (name: string, help: string, read: (type: string) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['type'],
      registers: [registry],
      collect() {
        this.reset();
        for (const type of sharding.types()) this.set({ type }, read(type));
      },
    });
  perType('actor_ts_shards', 'Shards that this node hosts', (type) => sharding.local(type).shards);
  perType('actor_ts_entities', 'Entities that run on this node', (type) => {
    return sharding.local(type).entities;
  });
}

function addPubSubMetrics(registry: Registry, stats: () => PubSubStats): void {
  const gauge = (field: keyof PubSubStats, help: string) =>
    addGauge(registry, `actor_ts_pubsub_${field}`, help, () => stats()[field]);
  const total = (field: keyof PubSubStats, help: string) =>
    addTotal(registry, `actor_ts_pubsub_${field}_total`, help, () => stats()[field]);
  gauge('topics', 'Topics with a subscriber on this node');
  gauge('subscriptions', 'Subscriptions on this node');
  total('published', 'Messages published on this node');
  total('delivered', 'Messages given to subscribers of this node');
  total('forwarded', 'Messages sent on to other nodes');
  total('unheard', 'Messages published on this node that nobody wanted');
}

function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** A counter that somebody else counts. */
function addTotal(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

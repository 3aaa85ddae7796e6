// The endpoints, one by one.
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { ClusterSharding } from '../sharding/ClusterSharding.ts';
import type { EventFeed, EventScope } from './EventFeed.ts';
import type { Metrics } from './Metrics.ts';
import { json, Problem } from './reply.ts';
import { badQuery, type Routes } from './router.ts';
import { viewRoutes } from './viewRoutes.ts';
import { membersView, reasonsAgainstReady } from './views.ts';

export interface ManagementParts {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  readonly feed: EventFeed;
  readonly metrics: Metrics;
  isShuttingDown(): boolean;
}

export function managementRoutes(parts: ManagementParts): Routes {
  const { cluster, feed, metrics } = parts;
  const sharding = ClusterSharding.get(parts.system, cluster);
  return {
    ...viewRoutes(),
    '/cluster/members': { handle: () => json(membersView(cluster)) },
    '/cluster/shards': {
      query: ['type'],
      handle: async (query) => json(await shards(sharding, query.get('type'))),
    },
    '/health': {
      handle: () => json({ status: 'ok', uptimeSeconds: Math.floor(process.uptime()) }),
    },
    '/ready': {
      handle: () => {
        const reasons = parts.isShuttingDown()
          ? ['this node is shutting down']
          : [...reasonsAgainstReady(cluster), ...unregistered(sharding)];
        if (reasons.length === 0) return json({ ready: true });
        const detail = reasons.join('; ');
        throw new Problem(503, 'not-ready', 'Service unavailable', detail, {
          ready: false,
          reasons,
        });
      },
    },
    '/metrics': { handle: () => metrics.reply() },
    '/events': {
      streams: true,
      query: ['scope'],
      handle: (query, _request, response) => {
        feed.add(response, scopeOf(query.get('scope')));
        return undefined;
      },
    },
  };
}

function scopeOf(scope: string | null): EventScope {
  if (scope === null) return 'node';
  if (scope === 'node' || scope === 'cluster') return scope;
  throw badQuery(`\`scope\` takes node or cluster, got '${scope}'`);
}

async function shards(sharding: ClusterSharding, type: string | null): Promise<object> {
  const types = sharding.types();
  if (type === null) {
    return { types, numShards: Object.fromEntries(types.map((t) => [t, sharding.numShards(t)])) };
  }
  if (type === '') throw badQuery('`type` takes the name of a sharded type, got nothing');
  if (!types.includes(type)) {
    throw new Problem(404, 'no-type', 'Not found', `no type '${type}' is sharded here`, { types });
  }
  return { type, shards: await sharding.describe(type) };
}

function unregistered(sharding: ClusterSharding): string[] {
  return sharding.unregisteredTypes().map((type) => {
    return `the region of type '${type}' does not know yet where its shards are`;
  });
}

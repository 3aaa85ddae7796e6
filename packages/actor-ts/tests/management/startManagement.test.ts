import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Actor } from '../../src/actor/Actor.ts';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { CoordinatedShutdownId, Phases } from '../../src/actor/CoordinatedShutdown.ts';
import { Props } from '../../src/actor/Props.ts';
import { type Management, startManagement } from '../../src/management/index.ts';
import { ClusterSharding } from '../../src/sharding/ClusterSharding.ts';
import { until } from '../../src/testkit/until.ts';
import { type PubSubNode, TestCluster } from '../pubsub/TestCluster.ts';
import { EventReader } from './EventReader.ts';

class Room extends Actor<{ room: string; replyTo: ActorRef }> {
  onReceive({ replyTo }: { replyTo: ActorRef }): void {
    replyTo.tell('here');
  }
}

let cluster: TestCluster;
let node: PubSubNode;
let management: Management;

beforeEach(async () => {
  cluster = new TestCluster();
  [node] = (await cluster.start(1)) as [PubSubNode];
  management = await startManagement(node.system, node.cluster, { port: 0 });
});

afterEach(async () => {
  await management.close();
  await cluster.close();
});

const get = async (path: string) => {
  const response = await fetch(management.url + path);
  return { status: response.status, body: (await response.json()) as any };
};

test('listens on the loopback interface unless told otherwise', () => {
  expect(management.host).toBe('127.0.0.1');
  expect(management.port).toBeGreaterThan(0);
});

test('lists the members', async () => {
  const [other] = (await cluster.start(1)) as [PubSubNode];
  await until(() => node.sees(other) === 'up');
  const self = node.cluster.selfAddress.toString();
  expect(await get('/cluster/members')).toEqual({
    status: 200,
    body: {
      self,
      leader: self,
      members: [
        { address: self, status: 'up', roles: [] },
        { address: other.cluster.selfAddress.toString(), status: 'up', roles: [] },
      ],
    },
  });
});

test('is healthy', async () => {
  expect(await get('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

const startRooms = (on: PubSubNode) =>
  ClusterSharding.get(on.system, on.cluster).start<{ room: string; replyTo: ActorRef }>({
    typeName: 'room',
    entityProps: Props.create(() => new Room()),
    extractEntityId: ({ room }) => room,
    numShards: 4,
  });

describe('readiness', () => {
  test('is given while the node is up', async () => {
    expect(await get('/ready')).toEqual({ status: 200, body: { ready: true } });
  });

  test('is taken back from the start of a shutdown, and the server closes late', async () => {
    const { url } = management;
    const shutdown = node.system.extension(CoordinatedShutdownId);
    let duringService: unknown;
    shutdown.addTask(Phases.ServiceRequestsDone, 'look', async () => {
      duringService = await get('/ready');
    });
    let afterLeave: unknown;
    shutdown.addTask(Phases.ClusterShutdown, 'look', async () => {
      afterLeave = (await get('/ready')).status;
    });
    await shutdown.run();
    expect(duringService).toMatchObject({
      status: 503,
      body: { ready: false, code: 'not-ready', reasons: ['this node is shutting down'] },
    });
    expect(afterLeave).toBe(503);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test('is not given while the node is out of the cluster', async () => {
    await node.cluster.leave();
    const { status, body } = await get('/ready');
    expect(status).toBe(503);
    expect(body.reasons[0]).toMatch(/this node is/);
  });
});

describe('shards', () => {
  test('without a type lists the types', async () => {
    expect(await get('/cluster/shards')).toEqual({
      status: 200,
      body: { types: [], numShards: {} },
    });
    startRooms(node);
    expect(await get('/cluster/shards')).toEqual({
      status: 200,
      body: { types: ['room'], numShards: { room: 4 } },
    });
  });

  test('of a type come with their nodes and entities, those of other nodes too', async () => {
    const [other] = (await cluster.start(1)) as [PubSubNode];
    const region = startRooms(node);
    startRooms(other);
    const rooms = Array.from({ length: 20 }, (_, i) => `room-${i}`);
    await until(async () => {
      for (const room of rooms) await region.ask({ room }, 500);
      const { shards } = (await get('/cluster/shards?type=room')).body;
      const nodes = new Set(shards.map((shard: any) => shard.node));
      const entities = shards.flatMap((shard: any) => shard.entities).sort();
      return nodes.size === 2 && entities.join() === [...rooms].sort().join();
    });
    const { body } = await get('/cluster/shards?type=room');
    expect(body.type).toBe('room');
    expect(body.shards.map(({ shard }: any) => shard)).toEqual([0, 1, 2, 3]);
    const metrics = await (await fetch(`${management.url}/metrics`)).text();
    expect(metrics).toContain('\nactor_ts_shards{type="room"} 2\n');
    expect(metrics).toMatch(/^actor_ts_entities{type="room"} [1-9]/m);
  });

  test('make the node ready only when the region knows where they are', async () => {
    const [other] = (await cluster.start(1)) as [PubSubNode];
    await using onOther = await startManagement(other.system, other.cluster, { port: 0 });
    const ready = async () => fetch(`${onOther.url}/ready`);
    startRooms(other);
    // The coordinator lives on the oldest node, which has not started the type.
    const early = await ready();
    expect(early.status).toBe(503);
    expect(((await early.json()) as any).reasons[0]).toContain("type 'room'");
    startRooms(node);
    await until(async () => (await ready()).status === 200);
  });

  test('of an unknown type are not found', async () => {
    expect(await get('/cluster/shards?type=room')).toMatchObject({
      status: 404,
      body: { code: 'no-type', types: [] },
    });
  });

  test('take no other query and no empty type', async () => {
    expect((await get('/cluster/shards?typ=room')).status).toBe(400);
    expect((await get('/cluster/shards?type=')).status).toBe(400);
  });
});

describe('metrics', () => {
  const scrape = async (of: Management) => (await fetch(`${of.url}/metrics`)).text();
  const metric = (name: string, text: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);

  test('show the process and the runtime', async () => {
    const before = await scrape(management);
    await node.subscriber('news');
    node.publish('news', 1);
    await until(() => node.counters().delivered === 1);
    const response = await fetch(`${management.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const lines = text.split('\n');
    expect(lines).toContain('actor_ts_cluster_members{status="up"} 1');
    expect(lines).toContain('actor_ts_cluster_members{status="unreachable"} 0');
    expect(lines).toContain('actor_ts_cluster_leader 1');
    expect(lines).toContain('actor_ts_pubsub_topics 1');
    for (const name of ['actor_ts_pubsub_published_total', 'actor_ts_pubsub_delivered_total']) {
      expect(metric(name, text) - metric(name, before), name).toBe(1);
    }
    expect(text).toMatch(/^actor_ts_dead_letters_total \d+$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
  });

  test('of two nodes in one process are kept apart', async () => {
    const [other] = (await cluster.start(1)) as [PubSubNode];
    const second = await startManagement(other.system, other.cluster, { port: 0 });
    const before = await scrape(second);
    for (let i = 0; i < 5; i++) node.publish('news', i);
    await node.settle();
    const name = 'actor_ts_pubsub_published_total';
    expect(metric(name, await scrape(second))).toBe(metric(name, before));
    expect(metric(name, await scrape(management))).toBeGreaterThanOrEqual(5);
    await second.close();
  });
});

describe('events', () => {
  let reader: EventReader;

  beforeEach(async () => {
    reader = await EventReader.open(`${management.url}/events`);
  });
  afterEach(() => reader.close());

  test('begin with the members and go on with what changes', async () => {
    expect(reader.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const members = await reader.first('members');
    expect(members.data.members).toHaveLength(1);
    const [other] = (await cluster.start(1)) as [PubSubNode];
    const address = other.cluster.selfAddress.toString();
    const up = await reader.first('member', (data) => data.change === 'MemberUp');
    expect(up.data).toEqual({ change: 'MemberUp', address, status: 'up', roles: [] });
    await cluster.crash(other);
    const removed = await reader.first('member', (data) => data.change === 'MemberRemoved');
    expect(removed.data.address).toBe(address);
    const ids = reader.events.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  test('show message hops when tracing is on', async () => {
    await node.subscriber('news');
    node.publish('news', { id: 'm-1' });
    const deliver = await reader.first('hop', (data) => data.hop === 'deliver');
    expect(deliver.data).toMatchObject({
      id: 'm-1',
      node: node.cluster.selfAddress.toString(),
      details: { topic: 'news' },
    });
    expect(reader.events.filter((e) => e.event === 'hop').map((e) => e.data.hop)).toEqual([
      'publish',
      'deliver',
    ]);
  });

  test('show where shards go', async () => {
    startRooms(node).tell({ room: 'lobby', replyTo: node.probe().ref });
    const shard = await reader.first('shard', (data) => data.home !== null);
    expect(shard.data).toMatchObject({
      typeName: 'room',
      shardId: expect.any(String),
      home: node.cluster.selfAddress.toString(),
    });
  });

  test('end when the server closes', async () => {
    await reader.first('members');
    await management.close();
    await until(() => reader.ended);
  });

  test('stop for a reader that does not read, and go on for the others', async () => {
    const slow = request(`${management.url}/events`).end();
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
      slow.on('response', resolve),
    );
    response.pause();
    let cut = false;
    response.on('error', () => {
      cut = true;
    });
    const text = 'x'.repeat(60_000);
    let sent = 0;
    await until(
      async () => {
        node.system.trace!.hop('socket', { id: `m-${sent++}` }, { text });
        return /_dropped_total 1$/m.test(await (await fetch(`${management.url}/metrics`)).text());
      },
      { what: 'the slow reader to be cut off', everyMs: 1 },
    );
    response.resume();
    await until(() => cut);
    await reader.first('hop', (data) => data.id === `m-${sent - 1}`);
  });

  test('are refused to one reader too many', async () => {
    const readers = await Promise.all(
      Array.from({ length: 63 }, () => EventReader.open(`${management.url}/events`)),
    );
    expect(await get('/events')).toMatchObject({ status: 503, body: { code: 'too-many-readers' } });
    for (const one of readers) one.close();
    await until(async () => {
      const again = await EventReader.open(`${management.url}/events`);
      again.close();
      return again.response.status === 200;
    });
  });
});

describe('starting', () => {
  test('on a taken port fails and names it', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(startManagement(node.system, node.cluster, { port })).rejects.toMatchObject({
      code: 'ERR_MANAGEMENT_BIND',
      message: expect.stringContaining(`port ${port} on 127.0.0.1 is taken`),
    });
    taken.close();
  });

  test('with a bad option fails and names it', async () => {
    const options = { port: 70_000 };
    await expect(startManagement(node.system, node.cluster, options)).rejects.toThrow(/`port`/);
  });

  test('and closing twice is fine, and frees the port', async () => {
    const { port } = management;
    await Promise.all([management.close(), management.close()]);
    management = await startManagement(node.system, node.cluster, { port });
    expect((await get('/health')).status).toBe(200);
  });
});

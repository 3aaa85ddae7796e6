import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type CurrentTopics,
  type DistributedPubSub,
  DistributedPubSubId,
  GetTopics,
  Publish,
  Subscribe,
  SubscribeAck,
  Unsubscribe,
  UnsubscribeAck,
  UnsubscribeAll,
} from '../../src/pubsub/index.ts';
import { TestKit } from '../../src/testkit/TestKit.ts';
import { until } from '../../src/testkit/until.ts';
import { breaksMediators, type PubSubNode, TestCluster } from './TestCluster.ts';

let cluster: TestCluster;
let nodes: PubSubNode[];

beforeEach(async () => {
  cluster = new TestCluster();
  nodes = await cluster.start(3);
});

afterEach(() => cluster.close());

test('delivers what any node publishes to the subscribers on all nodes, each once', async () => {
  const probes = await Promise.all(nodes.map((node) => node.subscriber('news')));
  for (const node of nodes) node.publish('news', `from ${node.name}`);
  for (const probe of probes) {
    const got = await probe.receiveN(3);
    expect([...got].sort()).toEqual(nodes.map((node) => `from ${node.name}`).sort());
  }
  await Promise.all(probes.map((probe) => probe.expectNoMessage(50)));
});

test('acknowledges once every node knows, one hop after the subscription', async () => {
  const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
  for (let round = 0; round < 20; round++) {
    const probe = await a.subscriber(`topic-${round}`);
    for (const node of [b, c]) node.publish(`topic-${round}`, node.name);
    expect((await probe.receiveN(2)).sort()).toEqual([b.name, c.name].sort());
  }
  // Not by the digests, which are a second apart.
  expect(a.counters()).toMatchObject({ subscriptions: 20, delivered: 40 });
});

test('keeps the order of each publisher', async () => {
  const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
  const probe = await a.subscriber('numbers');
  for (let i = 0; i < 500; i++) {
    b.publish('numbers', ['b', i]);
    c.publish('numbers', ['c', i]);
  }
  const got = await probe.receiveN<[string, number]>(1000);
  for (const name of ['b', 'c']) {
    const numbers = got.filter(([from]) => from === name).map(([, i]) => i);
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, i) => i));
  }
});

test('sends a message once per interested node and to no other', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  await Promise.all([b.subscriber('news'), b.subscriber('news'), b.subscriber('news')]);
  a.publish('news', 1);
  await until(() => b.counters().delivered === 3);
  expect(a.counters()).toMatchObject({ published: 1, forwarded: 1, delivered: 0, unheard: 0 });
});

test('counts what nobody wants, and sends it nowhere', async () => {
  const [a] = nodes as [PubSubNode];
  const probe = await a.subscriber('else');
  a.publish('news', 1);
  a.publish('else', 2);
  await probe.expectMessage(2);
  expect(a.counters()).toMatchObject({ published: 2, forwarded: 0, unheard: 1 });
});

test('passes the sender on', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  const subscriber = await a.subscriber('questions');
  const publisher = b.probe();
  b.mediator.tell(new Publish('questions', 'why?'), publisher.ref);
  await subscriber.expectMessage('why?');
  subscriber.reply('because');
  await publisher.expectMessage('because');
});

test('delivers once to who subscribes twice, and acknowledges both', async () => {
  const [a] = nodes as [PubSubNode];
  const probe = a.probe();
  for (let i = 0; i < 2; i++) a.mediator.tell(new Subscribe('news', probe.ref));
  for (let i = 0; i < 2; i++) {
    const ack = await probe.expectMessageType(SubscribeAck);
    expect(ack.subscribe.topic).toBe('news');
  }
  a.publish('news', 'once');
  await probe.expectMessage('once');
  await probe.expectNoMessage(50);
});

test('answers who sent the Subscribe rather than who subscribes', async () => {
  const [a] = nodes as [PubSubNode];
  const probe = a.probe();
  expect(await a.mediator.ask(new Subscribe('news', probe.ref))).toBeInstanceOf(SubscribeAck);
  expect(await a.mediator.ask(new Unsubscribe('news', probe.ref))).toBeInstanceOf(UnsubscribeAck);
  await probe.expectNoMessage(50);
});

test('delivers nothing after an Unsubscribe, and tells the other nodes', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  const probe = await a.subscriber('news', 'sports');
  a.mediator.tell(new Unsubscribe('news', probe.ref));
  await probe.expectMessageType(UnsubscribeAck);
  a.publish('news', 'unwanted');
  a.publish('sports', 'wanted');
  await probe.expectMessage('wanted');
  await until(async () => (await topicsOf(b)).join() === 'sports');
  a.mediator.tell(new UnsubscribeAll(probe.ref));
  await probe.expectMessageType(UnsubscribeAck);
  await until(async () => (await topicsOf(b)).length === 0);
  expect(a.counters()).toMatchObject({ topics: 0, subscriptions: 0 });
});

test('lists the topics of the whole cluster', async () => {
  const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
  await Promise.all([a.subscriber('z', 'm'), b.subscriber('a', 'm')]);
  expect(await topicsOf(c)).toEqual(['a', 'm', 'z']);
});

test('takes subscribers that live on another node', async () => {
  const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
  const probe = a.probe();
  cluster.mediatorSeenFrom(a, b).tell(new Subscribe('news', probe.ref));
  await probe.expectMessageType(SubscribeAck);
  c.publish('news', 'far');
  await probe.expectMessage('far');
  expect(b.counters().subscriptions).toBe(1);
  await cluster.crash(a);
  await until(() => b.counters().subscriptions === 0);
});

test('drops a subscriber that stops, on all nodes', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  const probe = await a.subscriber('news', 'sports');
  probe.ref.stop();
  await until(async () => (await topicsOf(b)).length === 0);
  expect(a.counters()).toMatchObject({ topics: 0, subscriptions: 0 });
  b.publish('news', 'to nobody');
  await until(() => b.counters().unheard === 1);
});

test('a mediator that fails keeps its subscriptions and goes on', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  const probe = await a.subscriber('news');
  a.publish('news', breaksMediators);
  b.publish('news', 'still here');
  await probe.expectMessage('still here');
  probe.ref.stop();
  await until(async () => (await topicsOf(b)).length === 0);
});

test('drops what a removed node wanted, and no longer waits for it', async () => {
  const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
  await c.subscriber('news');
  expect(await topicsOf(a)).toEqual(['news']);
  await cluster.crash(c);
  await until(async () => (await topicsOf(a)).length === 0 && (await topicsOf(b)).length === 0);
  const probe = await a.subscriber('sports');
  b.publish('sports', 'on with two');
  await probe.expectMessage('on with two');
});

test('tells a node that joins later what is wanted, more than one frame holds too', async () => {
  const [a] = nodes as [PubSubNode];
  const probe = a.probe();
  const topics = Array.from({ length: 12_000 }, (_, i) => `${i}-${'x'.repeat(200)}`);
  for (const topic of topics) a.mediator.tell(new Subscribe(topic, probe.ref), probe.ref);
  await probe.receiveN(topics.length, 20_000);
  const [late] = (await cluster.start(1)) as [PubSubNode];
  await until(async () => (await topicsOf(late)).length === topics.length);
  late.publish(topics.at(-1)!, 'hello');
  await probe.expectMessage('hello');
});

describe('a partition', () => {
  test('holds no acknowledgement back for ever, and is caught up with when it heals', async () => {
    const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
    const dropped = await b.subscriber('old');
    cluster.cutOff(c);
    await until(() => a.sees(c) === 'unreachable' && b.sees(c) === 'unreachable');
    const probe = await a.subscriber('news');
    dropped.ref.stop();
    cluster.heal();
    await until(async () => (await topicsOf(c)).join() === 'news');
    c.publish('news', 'back again');
    await probe.expectMessage('back again');
  });

  test('that ends in a removal is caught up with when the node has joined anew', async () => {
    const [a, b, c] = nodes as [PubSubNode, PubSubNode, PubSubNode];
    const before = c.cluster.self.uid;
    const onA = await a.subscriber('news');
    const onC = await c.subscriber('news');
    cluster.cutOff(c);
    await until(() => a.sees(c) === undefined && b.sees(c) === undefined, { timeoutMs: 20_000 });
    cluster.heal();
    await until(() => c.cluster.self.uid !== before && c.sees(c) === 'up' && a.sees(c) === 'up', {
      timeoutMs: 20_000,
    });
    const again = await c.subscriber('again');
    b.publish('news', 'whole again');
    await onA.expectMessage('whole again');
    await onC.expectMessage('whole again');
    b.publish('again', 'too');
    await again.expectMessage('too');
  });
});

test('a node without pub/sub holds no acknowledgement back for ever', async () => {
  await cluster.start(1, { pubsub: false });
  const [a] = nodes as [PubSubNode];
  const probe = a.probe();
  a.mediator.tell(new Subscribe('news', probe.ref));
  await probe.expectMessageType(SubscribeAck);
});

test('shows the hops of a message when tracing is on', async () => {
  const [a, b] = nodes as [PubSubNode, PubSubNode];
  const probe = await b.subscriber('news');
  a.publish('news', { id: 'm-1' });
  await probe.expectMessage({ id: 'm-1' });
  expect(a.hops().map(({ hop, id, details }) => [hop, id, details.topic])).toEqual([
    ['publish', 'm-1', 'news'],
  ]);
  expect(b.hops().map(({ hop, id }) => [hop, id])).toEqual([['deliver', 'm-1']]);
});

describe('starting', () => {
  test('twice gives the same mediator', () => {
    const [a] = nodes as [PubSubNode];
    const pubsub: DistributedPubSub = a.system.extension(DistributedPubSubId);
    expect(pubsub.start(a.cluster)).toBe(a.mediator);
    expect(pubsub.mediator).toBe(a.mediator);
  });

  test('for a second cluster is refused', () => {
    const [a, b] = nodes as [PubSubNode, PubSubNode];
    expect(() => a.system.extension(DistributedPubSubId).start(b.cluster)).toThrow(
      /another cluster/,
    );
  });

  test('is what a mediator asked for too early names', async () => {
    await using kit = TestKit.create();
    expect(() => kit.system.extension(DistributedPubSubId).mediator).toThrow(/\.start\(cluster\)/);
  });

  test('refuses options it does not know', () => {
    const [a] = nodes as [PubSubNode];
    const pubsub = a.system.extension(DistributedPubSubId);
    expect(() => pubsub.start(a.cluster, { ackTimeoutMs: 0 })).toThrow(/ackTimeoutMs/);
  });
});

async function topicsOf(node: PubSubNode): Promise<readonly string[]> {
  return (await node.mediator.ask<CurrentTopics>(new GetTopics())).topics;
}

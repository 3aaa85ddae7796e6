import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TraceHop } from '../../src/actor/Trace.ts';
import { maxBatchHops } from '../../src/management/HopBatch.ts';
import { type Management, startManagement } from '../../src/management/index.ts';
import { until } from '../../src/testkit/until.ts';
import { type PubSubNode, TestCluster } from '../pubsub/TestCluster.ts';
import { EventReader } from './EventReader.ts';

let cluster: TestCluster;
let here: PubSubNode;
let there: PubSubNode;
let management: Management;
const opened: { close(): void | Promise<void> }[] = [];

const manage = async ({ system, cluster: joined }: PubSubNode, nodeName?: string) => {
  const started = await startManagement(system, joined, { port: 0, nodeName });
  opened.push(started);
  return started;
};
const read = async (query: string, from = management) => {
  const reader = await EventReader.open(`${from.url}/events${query}`);
  opened.push(reader);
  return reader;
};
const addressOf = (node: PubSubNode) => node.cluster.selfAddress.toString();
const hop = (node: PubSubNode, id: string) => node.system.trace!.hop('socket', { id }, { a: 1 });
/** Whether the node's hops go anywhere. Its own test node listens as well. */
const isHeard = ({ system }: PubSubNode) => {
  const listeners = Reflect.get(system.eventStream, 'listeners') as Map<unknown, Set<unknown>>;
  return listeners.get(TraceHop)!.size > 1;
};

beforeEach(async () => {
  cluster = new TestCluster();
  [here, there] = (await cluster.start(2)) as [PubSubNode, PubSubNode];
  management = await manage(here, 'here');
  await manage(there, 'there');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await cluster.close();
});

describe('events of scope cluster', () => {
  test('begin with the members, and say who each node is', async () => {
    const reader = await read('?scope=cluster');
    await reader.first('node', ({ name }) => name === 'there');
    expect(reader.events.map(({ event }) => event)).toEqual(['members', 'node', 'node']);
    expect(reader.events.slice(1).map(({ data }) => data)).toEqual([
      { address: addressOf(here), name: 'here', tracing: true },
      { address: addressOf(there), name: 'there', tracing: true },
    ]);
    const second = await read('?scope=cluster');
    await second.first('node', ({ name }) => name === 'there');
  });

  test('show the hops of every node, each once, with its address', async () => {
    const reader = await read('?scope=cluster');
    await until(() => isHeard(there));
    hop(there, 'far');
    hop(here, 'near');
    const far = await reader.first('hop', ({ id }) => id === 'far');
    expect(far.data).toMatchObject({ node: addressOf(there), hop: 'socket', details: { a: 1 } });
    const near = await reader.first('hop', ({ id }) => id === 'near');
    expect(near.data.node).toBe(addressOf(here));
    hop(there, 'last');
    await reader.first('hop', ({ id }) => id === 'last');
    expect(reader.events.filter(({ event }) => event === 'hop')).toHaveLength(3);
  });

  test('come in the order of their node', async () => {
    const reader = await read('?scope=cluster');
    await until(() => isHeard(there));
    const ids = Array.from({ length: 100 }, (_, i) => `m-${i}`);
    for (const id of ids) hop(there, id);
    await reader.first('hop', ({ id }) => id === ids.at(-1));
    const got = reader.events.filter(({ event }) => event === 'hop').map(({ data }) => data.id);
    expect(got).toEqual(ids);
  });

  test('include nodes that join later', async () => {
    const reader = await read('?scope=cluster');
    const [late] = (await cluster.start(1)) as [PubSubNode];
    await manage(late, 'late');
    await reader.first('node', ({ name }) => name === 'late');
    await until(() => isHeard(late));
    hop(late, 'from the late one');
    const { data } = await reader.first('hop');
    expect(data.node).toBe(addressOf(late));
  });

  test('say how many hops were left out', async () => {
    const reader = await read('?scope=cluster');
    await until(() => isHeard(there));
    for (let i = 0; i < maxBatchHops + 5; i++) hop(there, `m-${i}`);
    const { data } = await reader.first('hops-lost');
    expect(data).toEqual({ node: addressOf(there), count: 5 });
    expect(reader.events.filter(({ event }) => event === 'hop')).toHaveLength(maxBatchHops);
  });

  test('of other nodes are not subscribed to when nobody reads any more', async () => {
    const readers = [await read('?scope=cluster'), await read('?scope=cluster')];
    await until(() => isHeard(there));
    readers[0]!.close();
    hop(there, 'one reads on');
    await readers[1]!.first('hop');
    readers[1]!.close();
    await until(() => !isHeard(there) && !isHeard(here));
  });

  test('end at the other nodes when the node of the reader dies', async () => {
    await cluster.start(1); // a majority without the one that dies
    await read('?scope=cluster');
    await until(() => isHeard(there));
    await cluster.crash(here);
    await until(() => !isHeard(there));
  });

  test('come back after the reader’s node was cut off', async () => {
    const [third] = (await cluster.start(1)) as [PubSubNode];
    await manage(third, 'third');
    const reader = await read('?scope=cluster');
    await until(() => isHeard(third));
    cluster.cutOff(here);
    await until(() => !isHeard(there) && !isHeard(third));
    cluster.heal();
    await until(() => isHeard(there) && isHeard(third));
    hop(third, 'back');
    await reader.first('hop', ({ id }) => id === 'back');
  });
});

describe('events of scope node', () => {
  test.each(['', '?scope=node'])('are those of the node alone: %s', async (query) => {
    const reader = await read(query);
    const wide = await read('?scope=cluster');
    await until(() => isHeard(there));
    hop(there, 'far');
    await wide.first('hop', ({ id }) => id === 'far');
    hop(here, 'near');
    await reader.first('hop', ({ id }) => id === 'near');
    expect(reader.events.map(({ event }) => event)).toEqual(['members', 'hop']);
  });

  test('cost other nodes nothing', async () => {
    const reader = await read('');
    await reader.first('members');
    await until(() => isHeard(here));
    expect(isHeard(there)).toBe(false);
  });
});

test.each(['?scope=', '?scope=all', '?scope=node&scope=node', '?scopes=node'])(
  'events are refused to %s',
  async (query) => {
    const response = await fetch(`${management.url}/events${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'bad-query' });
  },
);

test('the name of a node is the one that its log has, unless it is given', async () => {
  const [node] = (await cluster.start(1)) as [PubSubNode];
  Object.assign(node.system.log, { bindings: () => ({ name: 'as in the log' }) });
  const reader = await read('?scope=cluster', await manage(node));
  const { data } = await reader.first('node');
  expect(data.name).toBe('as in the log');
});

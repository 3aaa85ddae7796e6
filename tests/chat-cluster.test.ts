// The chat on three nodes: messages cross them, and none is lost or doubled when one goes.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { Conversation } from './harness/Conversation.ts';
import type { TestNode } from './harness/Driver.ts';
import { GoodClient } from './harness/GoodClient.ts';
import { fresh, Login } from './harness/Login.ts';
import { membersOf, placesOf } from './harness/places.ts';
import { Socket } from './harness/Socket.ts';
import { useCluster } from './harness/useCluster.ts';
import { membersUp } from './harness/waiting.ts';

const cluster = useCluster(3);
const NODES = [0, 1, 2];
const clients: GoodClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  const down = cluster.nodes.filter((node) => !node.isRunning);
  await Promise.all(down.map((node) => node.start())); // what a failed test left behind
});

const login = (name: string, node = 0) => Login.as(fresh(name), cluster.nodes[node]!);
async function client(name: string, node: number): Promise<GoodClient> {
  const made = new GoodClient(await login(name, node), cluster.nodes, node);
  clients.push(made);
  return made;
}

/** A room that lives on the node of that name. */
async function roomOn(node: string, prober: Login): Promise<string> {
  for (;;) {
    const room = fresh('room');
    const { status, body } = await prober.post(room, 'probe', 'probe');
    if (status === 201 && body.node === node) return room;
    if (status === 429) await delay(100);
  }
}

describe('a message', () => {
  test('goes from one node through a room on another to a reader on the third', async () => {
    const room = await roomOn('node2', await login('probe'));
    const ann = await Socket.open(await login('ann', 0));
    const bob = await Socket.open(await login('bob', 2));
    await Promise.all([ann.join(room), bob.join(room)]);
    const ack = await ann.say(room, 'one', 'across');
    const message = await bob.next('message');
    expect([ann.frames[0]!.node, ack.node, bob.frames[0]!.node]).toEqual([
      'node1',
      'node2',
      'node3',
    ]);
    expect(message).toMatchObject({ room, seq: ack.seq, text: 'across' });
    for (const node of cluster.nodes) {
      const { head } = await (await Login.as(fresh('reader'), node)).history(room);
      expect(head).toBe(2);
    }
  });

  test('goes through sessions on nodes that hold neither socket', async () => {
    const room = await roomOn('node2', await login('probe'));
    const far = async (node: number) => {
      for (;;) {
        const socket = await Socket.open(await login('far', node));
        if (socket.frames[0]!.session !== socket.frames[0]!.node) return socket;
      }
    };
    const [ann, bob] = [await far(0), await far(2)];
    await Promise.all([ann.join(room), bob.join(room)]);
    await ann.say(room, 'one', 'across');
    expect(await bob.next('message')).toMatchObject({ room, seq: 2, text: 'across' });
  });

  test('with a repeated id has one seq, whichever node is asked', async () => {
    const ann = await login('ann');
    const room = fresh('room');
    const answers = [];
    for (const node of cluster.nodes) answers.push(await ann.at(node).post(room, 'one', 'once'));
    expect(answers.map(({ status, body }) => [status, body.seq])).toEqual([
      [201, 1],
      [200, 1],
      [200, 1],
    ]);
  });
});

test('a client resumes on another node after what it has seen', async () => {
  const [ann, bob] = [await login('ann', 0), await login('bob', 1)];
  const room = fresh('room');
  const before = await Socket.open(ann);
  await before.join(room);
  for (const id of ['1', '2', '3']) await bob.post(room, id, id);
  await before.next('message', ({ seq }) => seq === 3);
  await before.close();
  for (const id of ['4', '5']) await bob.post(room, id, id);
  const after = await Socket.open(ann.at(cluster.nodes[2]!));
  const { head, recovered, messages } = await after.join(room, 3);
  expect([head, recovered, messages.map(({ seq }: { seq: number }) => seq)]).toEqual([
    5,
    true,
    [4, 5],
  ]);
  await bob.post(room, '6', '6');
  expect(await after.next('message')).toMatchObject({ seq: 6 });
});

/** People on every node talk in rooms on every node. */
async function conversation(): Promise<Conversation> {
  const probe = await login('probe');
  const rooms = await Promise.all(cluster.nodes.map(({ name }) => roomOn(name, probe)));
  const people = await Promise.all(NODES.map((node) => client(`talker${node}`, node)));
  return Conversation.begin(people, rooms, await login('reader'));
}

describe('a conversation', () => {
  test('survives kill -9 of each node in turn, with every message once and in order', async () => {
    const talk = await conversation();
    for (const node of cluster.nodes) {
      await talk.goesOn();
      await node.kill();
      await talk.goesOn();
      await node.start();
    }
    await talk.goesOn();
    await talk.stop();
    await talk.check();
    expect(talk.people.every(({ connections }) => connections > 1)).toBe(true);
  }, 90_000);

  test('survives an orderly stop of each node in turn, and sockets elsewhere stay open', async () => {
    const talk = await conversation();
    for (const node of cluster.nodes) {
      const connections = talk.people.map((person) => person.connections);
      const held = talk.people.map((person) => person.welcome?.node === node.name);
      await talk.goesOn();
      expect(await node.stop()).toBe(0);
      await talk.goesOn();
      for (const [i, person] of talk.people.entries()) {
        if (!held[i]) expect(person.connections).toBe(connections[i]);
      }
      await node.start();
    }
    await talk.stop();
    await talk.check();
  }, 90_000);

  test('survives a node that is frozen for a while', async () => {
    const talk = await conversation();
    const node = cluster.nodes[1]!;
    await talk.goesOn();
    await node.pause();
    await delay(3500); // as long as the pause is meant to be
    await node.resume();
    await talk.goesOn();
    await talk.stop();
    await talk.check();
  }, 60_000);
});

test('a room that has answered runs elsewhere, however soon after that its node is killed', async () => {
  const ann = await login('ann', 0);
  const [node1, node2] = cluster.nodes as [TestNode, TestNode];
  for (let round = 0; round < 2; round++) {
    const posts = Array.from({ length: 8 }, () => ann.post(fresh('room'), 'one', 'hello'));
    const answers = (await Promise.all(posts)).filter(({ body }) => body.node === node2.name);
    await node2.kill();
    await until(async () => {
      for (const { body } of answers) {
        const places = await placesOf('room', body.room, node1, cluster.nodes);
        if (places.length !== 1 || places[0] === node2.name) return false;
      }
      return true;
    });
    await node2.start();
    await until(async () => (await membersUp(node1)) === 3);
  }
});

test('a node that has been given up sends its clients elsewhere until it is back', async () => {
  const [first, , third] = cluster.nodes as [TestNode, TestNode, TestNode];
  const ann = await Socket.open(await login('ann', 2));
  await third.pause();
  const isGivenUp = async () => (await membersOf(first)).members.length === 2;
  await until(isGivenUp, { what: 'the others to give it up', timeoutMs: 30_000 });
  await third.resume();
  expect(await ann.closing()).toMatchObject({ code: 1012 });
  const isBack = async () => (await membersUp(third)) === 3 && (await fetch(third.http)).ok;
  await until(isBack, { what: 'it to serve again', timeoutMs: 30_000 });
  expect((await Socket.open(await login('bob', 2))).frames[0]).toMatchObject({ node: 'node3' });
});

test('a stopping node tells its clients to come again: 1012', async () => {
  const socket = await Socket.open(await login('ann', 2));
  const stopping = cluster.nodes[2]!.stop();
  expect((await socket.closing()).code).toBe(1012);
  expect(await stopping).toBe(0);
  await cluster.nodes[2]!.start();
});

test('a room that does not answer in time is a 503 that says when to come again', async () => {
  const ann = await login('ann', 0);
  const room = await roomOn('node2', ann);
  const frozen = cluster.nodes[1]!;
  await frozen.pause();
  const { status, headers, body } = await ann.call('GET', `/rooms/${room}/messages`);
  expect([status, body.code]).toEqual([503, 'timeout']);
  expect(headers.get('content-type')).toMatch('application/problem+json');
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  const posting = ann.post(room, 'one', 'one'); // for which the server tries longer
  await frozen.resume();
  expect(await posting).toMatchObject({ status: 201, body: { seq: 2 } });
  expect((await ann.history(room)).head).toBe(2);
}, 60_000);

test('the last node that is left goes on alone', async () => {
  const [first, second, third] = cluster.nodes;
  const ann = await login('ann', 2);
  const room = await roomOn('node1', ann);
  await Promise.all([first!.kill(), second!.kill()]);
  expect((await ann.post(room, 'one', 'one')).body).toEqual({
    room,
    id: 'one',
    seq: 2,
    node: third!.name,
  });
  await Promise.all([first!.start(), second!.start()]);
  expect((await ann.at(first!).post(room, 'one', 'one')).body.seq).toBe(2);
}, 60_000);

test('the history survives a restart of everything', async () => {
  const ann = await login('ann');
  const room = fresh('room');
  for (const id of ['1', '2', '3']) await ann.post(room, id, `text ${id}`);
  const before = await ann.history(room);
  await Promise.all(cluster.nodes.map((node) => node.stop()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  expect(await ann.history(room)).toEqual(before);
  expect((await ann.post(room, '2', 'again')).body).toMatchObject({ seq: 2 });
  expect((await ann.post(room, '4', 'more')).body).toMatchObject({ seq: 4 });
}, 60_000);

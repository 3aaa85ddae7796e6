// Step 2: the chat on three nodes. Which node has a room is seen by the management endpoints, so a
// message that is said to cross the cluster has crossed it.
import { afterEach, expect } from 'vitest';
import type { TestNode } from './harness/Driver.ts';
import { eventually, GIVEN_UP_WITHIN_MS } from './harness/eventually.ts';
import { exercise, type Solved } from './harness/exercise.ts';
import { fresh, Login, type Message } from './harness/Login.ts';
import { isBalanced, membersOf, placesOf } from './harness/places.ts';
import { isOpen, SlowPost } from './harness/SlowPost.ts';
import { useNodeOf, useStep } from './harness/useStep.ts';

const cluster = useStep(2);
/** Here a session is idle soon. */
const impatient = useNodeOf(2, { env: { IDLE_MS: '1500' } });
const RESTS_WITHIN_MS = 15_000;
const login = (name: string, node = 0) => Login.as(fresh(name), cluster.nodes[node]!);
const places = (type: string, id: string, asked: TestNode) =>
  placesOf(type, id, asked, cluster.nodes);
const read = (reader: Login, room: string) => reader.call('GET', `/rooms/${room}/messages`);

afterEach(async () => {
  const down = cluster.nodes.filter((node) => !node.isRunning);
  await Promise.all(down.map((node) => node.start())); // what the test has ended
  // A node that is back gets its share of rooms, and a room that is moved forgets what it holds.
  await eventually(areBalanced, Boolean);
});

async function areBalanced(): Promise<boolean> {
  return (await Promise.all(cluster.nodes.map(isBalanced))).every(Boolean);
}

/** How many members a node counts, and how many of them are up. */
async function counted(node: TestNode): Promise<number[]> {
  const { members } = await membersOf(node);
  return [members.length, members.filter(({ status }) => status === 'up').length];
}

/** Waits for it; then all that the node counts are up. */
async function expectMembers(node: TestNode, count: number): Promise<void> {
  const [all, up] = await eventually(
    () => counted(node),
    (now) => now.every((members) => members === count),
    GIVEN_UP_WITHIN_MS,
  );
  expect([all, up], `members and those that are up, at ${node.name}`).toEqual([count, count]);
}

/** A room that runs on `node`, found by reading rooms until one does. */
async function roomOn(node: TestNode, reader: Login, solved: Solved): Promise<string> {
  for (let tries = 0; tries < 60; tries++) {
    const room = fresh('room');
    solved(await read(reader, room), 200);
    if ((await places('room', room, node)).includes(node.name)) return room;
  }
  return expect.fail(`of 60 rooms none runs on ${node.name}`);
}

/** Somebody whose session runs on `node`, found by letting new users post until one's does. */
async function userOn(node: TestNode, solved: Solved): Promise<Login> {
  for (let tries = 0; tries < 60; tries++) {
    const user = await login('user');
    solved(await user.post(fresh('room'), 'a1', 'hello'), 201);
    if ((await places('session', user.user, node)).includes(node.name)) return user;
  }
  return expect.fail(`of 60 sessions none runs on ${node.name}`);
}

exercise('2.1', 'makes three nodes one cluster, and all agree on who leads it', async () => {
  for (const node of cluster.nodes) {
    await expectMembers(node, 3);
  }
  const leaders = await Promise.all(cluster.nodes.map(async (n) => (await membersOf(n)).leader));
  expect(new Set(leaders).size, `the leaders are ${leaders.join(', ')}`).toBe(1);
});

exercise('2.1', 'lets the first of the seeds come back into the cluster that went on', async () => {
  const [first, second, third] = cluster.nodes as [TestNode, TestNode, TestNode];
  await first.kill();
  for (const node of [second, third]) {
    await expectMembers(node, 2);
  }
  await first.start();
  for (const node of cluster.nodes) {
    await expectMembers(node, 3);
  }
});

exercise('2.2', 'answers for a room through every node, and runs it on one', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const node of cluster.nodes) {
    expect(solved(await read(ann.at(node), room), 200)).toEqual({ room, head: 0, messages: [] });
  }
  const seen = await Promise.all(cluster.nodes.map((node) => places('room', room, node)));
  expect(seen[0], 'the nodes on which it runs').toHaveLength(1);
  expect([seen[1], seen[2]], 'what the others say').toEqual([seen[0], seen[0]]);
});

exercise('2.2', 'spreads rooms over all three nodes', async (solved) => {
  const ann = await login('ann');
  const rooms = Array.from({ length: 24 }, () => fresh('room'));
  const used = new Set<string>();
  for (const room of rooms) {
    solved(await read(ann, room), 200);
    for (const name of await places('room', room, cluster.nodes[0]!)) used.add(name);
  }
  expect([...used].sort()).toEqual(['node1', 'node2', 'node3']);
});

exercise('2.2', 'runs a room elsewhere when its node dies, before anybody asks', async (solved) => {
  const [doomed] = cluster.nodes.slice(2) as [TestNode];
  const [survivor] = cluster.nodes as [TestNode];
  const ann = await login('ann');
  const room = await roomOn(doomed, ann, solved);
  for (const node of cluster.nodes) await expectMembers(node, 3);
  await roomOn(doomed, ann, solved); // so that the first one is no news to the other nodes any more
  await roomOn(doomed, ann, solved);
  await doomed.kill();
  const message = 'where the room runs';
  const isElsewhere = (now: string) => now !== '' && now !== doomed.name;
  const where = async () => (await places('room', room, survivor)).join();
  const place = await eventually(where, isElsewhere, GIVEN_UP_WITHIN_MS);
  expect(place, message).toMatch(/^node[12]$/);
});

exercise(
  '2.3',
  'brings a message from one node to its room on another, to a reader on the third',
  async (solved) => {
    const [sending, holding, reading] = cluster.nodes as [TestNode, TestNode, TestNode];
    const [ann, bob] = [await login('ann'), await login('bob')];
    const room = await roomOn(holding, bob, solved);
    const posted = solved(await ann.at(sending).post(room, 'a1', 'across'), 201);
    expect(posted).toEqual({ room, id: 'a1', seq: 1, node: holding.name });
    expect(await places('room', room, reading)).toEqual([holding.name]);
    const { head, messages } = solved(await read(bob.at(reading), room), 200);
    const message = { seq: 1, id: 'a1', from: ann.user, text: 'across', at: expect.any(String) };
    expect([head, messages]).toEqual([1, [message]]);
  },
);

exercise('2.3', 'has one session for a user, whichever nodes they talk to', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const answers = await Promise.all(
    cluster.nodes.flatMap((node) =>
      [1, 2, 3].map((i) => ann.at(node).post(room, `${node.name}-${i}`, 'hello')),
    ),
  );
  const seqs = answers.map((answer) => solved(answer, 201).seq).sort();
  expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const { messages } = solved(await read(ann, room), 200);
  expect(new Set(messages.map(({ from }: Message) => from))).toEqual(new Set([ann.user]));
  const seen = await Promise.all(cluster.nodes.map((node) => places('session', ann.user, node)));
  expect(seen[0], 'the nodes on which it runs').toHaveLength(1);
  expect([seen[1], seen[2]], 'what the others say').toEqual([seen[0], seen[0]]);
});

exercise(
  '2.3',
  'runs a session elsewhere when its node dies, before its user is back',
  async (solved) => {
    const [survivor, , doomed] = cluster.nodes as [TestNode, TestNode, TestNode];
    const ann = await userOn(doomed, solved);
    for (const node of cluster.nodes) await expectMembers(node, 3);
    await userOn(doomed, solved); // so that the first one is no news to the other nodes any more
    await userOn(doomed, solved);
    await doomed.kill();
    const message = 'where the session runs';
    const isElsewhere = (now: string) => now !== '' && now !== doomed.name;
    const where = async () => (await places('session', ann.user, survivor)).join();
    const place = await eventually(where, isElsewhere, GIVEN_UP_WITHIN_MS);
    expect(place, message).toMatch(/^node[12]$/);
    solved(await ann.at(survivor).post(fresh('room'), 'a2', 'hello'), 201);
  },
);

exercise('2.3', 'lets a session rest that nobody uses, until it is needed', async (solved) => {
  const [node] = impatient.nodes as [TestNode];
  const [ann, room] = [await Login.as(fresh('ann'), node), fresh('room')];
  solved(await ann.post(room, 'a1', 'hello'), 201);
  const where = async () => (await placesOf('session', ann.user, node, impatient.nodes)).join();
  const place = await eventually(where, (now) => now === '', RESTS_WITHIN_MS);
  expect(place, 'where the session runs long after its last message').toBe('');
  expect(solved(await ann.post(room, 'a2', 'still there'), 201).seq).toBe(2);
});

exercise('2.4', 'on SIGTERM hands its rooms over, and everybody is answered', async (solved) => {
  const [staying, , leaving] = cluster.nodes as [TestNode, TestNode, TestNode];
  const ann = await login('ann');
  const room = await roomOn(leaving, ann, solved);
  solved(await ann.post(room, 'first', 'hello'), 201);
  let gone = false;
  const stopped = leaving.stop().finally(() => {
    gone = true;
  });
  try {
    do {
      solved(await ann.post(room, fresh('id'), 'still there?'), 201);
    } while (!gone);
  } finally {
    await stopped; // it comes back only once it is gone
  }
  expect(await stopped, 'its exit code').toBe(0);
  await expectMembers(staying, 2);
  expect((await places('room', room, staying)).join()).toMatch(/^node[12]$/);
});

exercise('2.4', 'takes no new requests while it still answers those it has', async (solved) => {
  const [, holding, leaving] = cluster.nodes as [TestNode, TestNode, TestNode];
  const ann = await login('ann');
  const room = await roomOn(holding, ann, solved);
  solved(await ann.at(leaving).post(room, 'first', 'hello'), 201);
  const slow = await SlowPost.begin(ann.at(leaving), room);
  const stopped = leaving.stop();
  try {
    const open = await eventually(
      () => isOpen(leaving),
      (now) => !now,
      3000,
    );
    expect(open, 'whether it takes connections').toBe(false);
    expect(leaving.isRunning, 'it runs while it owes an answer').toBe(true);
    const answer = await slow.end({ id: 'second', text: 'hello' });
    expect(answer, 'what the slow client got').toBe(201);
  } finally {
    await stopped;
  }
  expect(await stopped, 'its exit code').toBe(0);
  expect(solved(await read(ann, room), 200).head).toBe(2);
});

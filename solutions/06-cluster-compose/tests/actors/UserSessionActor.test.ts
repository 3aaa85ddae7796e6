// A session as an entity, between a probe that stands for its socket and one for all rooms.
import { type ActorRef, ClusterSharding, Props, Publish } from 'actor-ts';
import { type TestKit, type TestProbe, until } from 'actor-ts/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserSessionActor } from '../../src/actors/UserSessionActor.ts';
import { oneNode } from './oneNode.ts';

let kit: TestKit;
let mediator: ActorRef;
let region: ActorRef;
let rooms: TestProbe;
let socket: TestProbe;

beforeEach(async () => {
  const node = await oneNode();
  kit = node.kit;
  mediator = node.mediator;
  rooms = kit.createTestProbe();
  socket = kit.createTestProbe();
  region = ClusterSharding.get(kit.system, node.cluster).start({
    typeName: 'session',
    entityProps: Props.create(() => new UserSessionActor(rooms.ref, 'node1')),
    extractEntityId: (msg: { userId: string }) => msg.userId,
  });
});

afterEach(() => kit.shutdown());

const tell = (msg: object) => region.tell({ userId: 'ann', ...msg });
const asked = (kind: string) => rooms.fishForMessage((msg) => msg.kind === kind);
const chat = (seq: number) => ({ seq, id: `${seq}`, from: 'bob', text: 'x', at: '' });
const publish = (news: object) => mediator.tell(new Publish('room.lobby', news));
const inbound = (...seqs: number[]) =>
  publish({
    kind: 'inbound',
    payload: seqs.map((seq) => ({ type: 'message', room: 'lobby', ...chat(seq) })),
  });
const heard = (type: string) =>
  socket.fishForMessage((msg) => msg.kind === 'inbound' && msg.payload.type === type);

/** A socket in the lobby, which is at message 4. */
async function joined(): Promise<void> {
  tell({ kind: 'connect-ws', socket: socket.ref, rooms: new Map() });
  await socket.fishForMessage((msg) => msg.kind === 'here');
  tell({ kind: 'join', socket: socket.ref, room: 'lobby' });
  const { replyTo } = await asked('resume');
  replyTo.tell({ head: 4, complete: true, messages: [chat(4)] });
  await heard('joined');
}

async function pushed(count: number): Promise<number[]> {
  const seqs: number[] = [];
  while (seqs.length < count) {
    const { payload } = await socket.fishForMessage((msg) => Array.isArray(msg.payload));
    for (const { seq } of payload) seqs.push(seq);
  }
  return seqs;
}

test('pushes what the room publishes, each once', async () => {
  await joined();
  for (const seq of [3, 4, 5, 5, 6]) inbound(seq);
  expect(await pushed(2)).toEqual([5, 6]);
  await socket.expectNoMessage();
});

test('fetches what was lost before a message, and pushes all in order', async () => {
  await joined();
  inbound(5);
  inbound(8); // 6 and 7 were lost
  inbound(9);
  const { since, replyTo } = await asked('history');
  expect(since).toBe(5);
  replyTo.tell({ head: 9, complete: true, messages: [6, 7, 8, 9].map(chat) });
  expect(await pushed(5)).toEqual([5, 6, 7, 8, 9]);
  inbound(10);
  expect(await pushed(1)).toEqual([10]);
});

test('passes on what was written together, also to a socket that has some of it', async () => {
  await joined();
  inbound(5, 6);
  expect(await pushed(2)).toEqual([5, 6]);
  inbound(6, 7, 8); // as a page that was fetched for another socket
  expect(await pushed(3)).toEqual([6, 7, 8]);
  inbound(7, 8);
  await socket.expectNoMessage();
  const { messages } = await region.ask<any>({ userId: 'ann', kind: 'inbox', since: 0 });
  expect(messages.map(({ seq }: any) => seq)).toEqual([5, 6, 7, 8]);
});

test('learns of a lost last message from the head', async () => {
  await joined();
  publish({ kind: 'head', roomId: 'lobby', head: 4 });
  publish({ kind: 'head', roomId: 'lobby', head: 5 });
  const { since, replyTo } = await asked('history');
  expect(since).toBe(4);
  replyTo.tell({ head: 5, complete: true, messages: [chat(5)] });
  expect(await pushed(1)).toEqual([5]);
});

test('goes on asking page after page until it has caught up', async () => {
  tell({ kind: 'connect-ws', socket: socket.ref, rooms: new Map([['lobby', 4]]) });
  const first = await asked('history');
  expect(first.since).toBe(4);
  first.replyTo.tell({ head: 7, complete: false, messages: [5, 6].map(chat) });
  const second = await asked('history');
  expect(second.since).toBe(6);
  second.replyTo.tell({ head: 7, complete: true, messages: [chat(7)] });
  expect(await pushed(3)).toEqual([5, 6, 7]);
});

test('posts the messages of one room one after the other, asking again until answered', async () => {
  await joined();
  for (const id of ['a', 'b']) {
    tell({ kind: 'send-message', room: 'lobby', id, text: id, again: false, replyTo: socket.ref });
  }
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await asked('post')).id);
  expect(ids).toEqual(['a', 'a', 'a']);
  const { replyTo } = await asked('post');
  replyTo.tell({ seq: 5, node: 'node2', repeated: false });
  expect((await heard('ack')).payload).toEqual({
    type: 'ack',
    room: 'lobby',
    id: 'a',
    seq: 5,
    node: 'node2',
  });
  const next = await rooms.fishForMessage((msg) => msg.kind === 'post' && msg.id === 'b');
  expect(next).toMatchObject({ roomId: 'lobby', from: 'ann', text: 'b' });
});

test('asks the room once for a message that is sent twice, and answers both', async () => {
  await joined();
  const other = kit.createTestProbe();
  const send = { kind: 'send-message', room: 'lobby', id: 'a', text: 'a', again: false };
  tell({ ...send, replyTo: socket.ref });
  tell({ ...send, replyTo: other.ref });
  const { replyTo } = await asked('post');
  replyTo.tell({ seq: 5, node: 'node2', repeated: false });
  expect((await heard('ack')).payload.seq).toBe(5);
  expect((await other.receiveOne()).payload.seq).toBe(5);
});

test('answers busy when 100 messages wait for their rooms', async () => {
  await joined();
  for (let i = 0; i <= 100; i++) {
    const message = { id: `${i}`, text: 'x', again: true, replyTo: socket.ref };
    tell({ kind: 'send-message', room: `room-${i % 7}`, ...message });
  }
  expect((await heard('error')).payload).toMatchObject({ code: 'busy', id: '100' });
});

test('tells a socket that it does not know to introduce itself', async () => {
  tell({ kind: 'still-there', socket: socket.ref });
  await socket.expectMessage({ kind: 'unknown-socket' });
});

test('hears nothing more of a room once its last socket has left or is gone', async () => {
  await joined();
  tell({ kind: 'leave', socket: socket.ref, room: 'lobby' });
  const inbox = async () => region.ask<any>({ userId: 'ann', kind: 'inbox', since: 0 });
  await until(async () => (await inbox()).rooms.length === 0);
  inbound(5);
  await socket.expectNoMessage();
  await joined();
  expect((await inbox()).rooms).toEqual(['lobby']);
  socket.ref.stop();
  await until(async () => (await inbox()).rooms.length === 0);
});

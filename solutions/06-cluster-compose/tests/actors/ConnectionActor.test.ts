// The connection alone: a real socket on one side, a probe in place of the sessions on the other,
// and time that the test moves.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type ActorRef, Props } from 'actor-ts';
import { ManualScheduler, TestKit, type TestProbe, until } from 'actor-ts/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ConnectionActor } from '../../src/actors/ConnectionActor.ts';

let time: ManualScheduler;
let kit: TestKit;
let server: WebSocketServer;
let client: WebSocket;
let stream: Socket;
let region: TestProbe;
let session: TestProbe;
let connection: ActorRef;
let frames: any[];

beforeEach(async () => {
  time = new ManualScheduler();
  kit = TestKit.create('test', { scheduler: time });
  region = kit.createTestProbe();
  session = kit.createTestProbe();
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: false });
  frames = [];
  client.on('message', (data) => frames.push(JSON.parse(data.toString())));
  const [ws, request] = (await once(server, 'connection')) as [WebSocket, IncomingMessage];
  stream = request.socket;
  const identity = { user: 'ann', expiresAt: Date.now() + 3_600_000 };
  connection = kit.spawn(
    Props.create(() => new ConnectionActor(ws, stream, identity, region.ref, 'node1')),
  );
  await told('connect-ws');
  here();
  await frame('welcome');
});

afterEach(async () => {
  client.terminate();
  server.close();
  await kit.shutdown();
});

function here(pushed = new Map<string, number>(), node = 'node2', ref = session.ref): void {
  connection.tell({ kind: 'here', session: ref, node, pushed });
}

function inbound(payload: object): void {
  connection.tell({ kind: 'inbound', payload });
}

function messages(...seqs: number[]): void {
  const room = 'lobby';
  inbound(
    seqs.map((seq) => ({
      type: 'message',
      room,
      seq,
      id: `${seq}`,
      from: 'bob',
      text: '',
      at: '',
    })),
  );
}

function joined(head: number, room = 'lobby'): void {
  inbound({ type: 'joined', room, head, recovered: true, messages: [] });
}

function say(frame: object): void {
  client.send(JSON.stringify(frame));
}

const frame = (type: string) => until(() => frames.find((one) => one.type === type));
const told = (kind: string) => region.fishForMessage((msg) => msg.kind === kind);
const seqs = () => frames.filter(({ type }) => type === 'message').map(({ seq }) => seq);

async function join(head: number): Promise<void> {
  say({ type: 'join', room: 'lobby' });
  await told('join');
  joined(head);
  await frame('joined');
}

test('introduces itself with its rooms and seqs when the session stops', async () => {
  await join(4);
  messages(5);
  session.ref.stop();
  expect((await told('connect-ws')).rooms).toEqual(new Map([['lobby', 5]]));
  here(new Map([['lobby', 5]]), 'node3', kit.createTestProbe().ref);
  await until(() => frames.filter(({ type }) => type === 'welcome').length === 2);
  expect(frames.at(-1)).toEqual({ type: 'welcome', user: 'ann', node: 'node1', session: 'node3' });
  messages(6);
  await until(() => seqs().length === 2);
});

test('introduces itself until a silent session answers, then repeats what waits, in order', async () => {
  await join(4);
  say({ type: 'send-message', room: 'lobby', id: 'one', text: 'hello' });
  expect(await told('send-message')).toMatchObject({ id: 'one', again: false });
  await time.advance(4000);
  const introduction = { userId: 'ann', rooms: new Map([['lobby', 4]]) };
  for (let i = 0; i < 3; i++) expect(await told('connect-ws')).toMatchObject(introduction);
  say({ type: 'send-message', room: 'lobby', id: 'two', text: 'hello' });
  say({ type: 'leave', room: 'other' }); // behind it, so that it has been read
  await told('leave');
  here(new Map([['lobby', 4]]));
  expect(await told('send-message')).toMatchObject({ id: 'one', again: true });
  expect(await told('send-message')).toMatchObject({ id: 'two', again: false });
});

test('pushes each message once and in order, and asks again when one is missing', async () => {
  await join(4);
  messages(5);
  messages(5);
  messages(4);
  messages(7); // 6 was lost on the way
  messages(8);
  const introduction = await told('connect-ws');
  expect(introduction.rooms).toEqual(new Map([['lobby', 5]]));
  here(new Map([['lobby', 5]]));
  messages(4, 5, 6);
  messages(7, 8);
  await until(() => seqs().length === 4);
  expect(seqs()).toEqual([5, 6, 7, 8]);
});

test('writes once what it pushes in one turn', async () => {
  await join(0);
  const writes = vi.spyOn(stream, '_writev' as never);
  messages(1, 2);
  messages(3);
  await until(() => seqs().length === 3);
  expect(writes).toHaveBeenCalledTimes(1);
  messages(4);
  await until(() => seqs().length === 4);
  expect(writes).toHaveBeenCalledTimes(2);
});

test('notices by what the session says that the last push was lost', async () => {
  await join(4);
  here(new Map([['lobby', 5]]));
  expect((await told('connect-ws')).rooms).toEqual(new Map([['lobby', 4]]));
});

test('pushes nothing of a room that was left, and tells the session so', async () => {
  await join(4);
  say({ type: 'leave', room: 'lobby' });
  await frame('left');
  await told('leave');
  messages(5);
  await told('leave');
  expect(seqs()).toEqual([]);
});

test('says timeout after 15 s without an ack, once', async () => {
  await join(4);
  say({ type: 'send-message', room: 'lobby', id: 'one', text: 'hello' });
  await told('send-message');
  await time.advance(14_000);
  expect(frames.some(({ type }) => type === 'error')).toBe(false);
  await time.advance(2000);
  expect(await frame('error')).toMatchObject({ code: 'timeout', room: 'lobby', id: 'one' });
  inbound({ type: 'ack', room: 'lobby', id: 'one', seq: 5, node: 'node1' });
  messages(5);
  await until(() => seqs().length === 1);
  expect(frames.some(({ type }) => type === 'ack')).toBe(false);
});

test('answers busy when 100 messages wait', async () => {
  await join(4);
  for (let i = 0; i < 101; i++) say({ type: 'send-message', room: 'lobby', id: `${i}`, text: 'x' });
  expect(await frame('error')).toMatchObject({ code: 'busy', room: 'lobby', id: '100' });
});

test('has four pages of history on their way at most, and handles what follows in order', async () => {
  for (let i = 0; i < 6; i++) say({ type: 'join', room: `room-${i}` });
  say({ type: 'send-message', room: 'room-5', id: 'one', text: 'after its join' });
  for (let i = 0; i < 4; i++) expect(await told('join')).toMatchObject({ room: `room-${i}` });
  await region.expectNoMessage();
  for (let i = 0; i < 4; i++) joined(0, `room-${i}`);
  for (const i of [4, 5]) expect(await told('join')).toMatchObject({ room: `room-${i}` });
  expect(await told('send-message')).toMatchObject({ room: 'room-5' });
});

test('pings every 25 s and is gone after two that were not answered', async () => {
  let pings = 0;
  client.on('ping', () => {
    pings++;
    if (pings === 1) client.pong();
  });
  const closed = once(client, 'close');
  const [ws] = server.clients;
  const answered = once(ws!, 'pong');
  await time.advance(25_000);
  await answered;
  await time.advance(50_000);
  await until(() => pings === 3);
  await time.advance(25_000);
  expect((await closed)[0]).toBe(1006);
});

// The chat over a WebSocket, as a client sees it, on one node.
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { fresh, Login, tokenFor } from './harness/Login.ts';
import { type Frame, refusedUpgrade, Socket, wsUrl } from './harness/Socket.ts';
import { useCluster } from './harness/useCluster.ts';

const cluster = useCluster(1);
const node = () => cluster.nodes[0]!;
const login = (user = fresh('ann')) => Login.as(user, node());
const open = async (user?: string) => Socket.open(await login(user));
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe('the upgrade', () => {
  test('takes the token from the header, the cookie or the subprotocol, and welcomes', async () => {
    const { token, user } = await login();
    const url = wsUrl(node());
    const ways = [
      () => new WebSocket(url, { headers: { authorization: `Bearer ${token}` } }),
      () => new WebSocket(url, [`bearer.${token}`]),
    ];
    for (const way of ways) {
      const socket = new Socket(way());
      const welcome = await socket.next('welcome');
      expect(welcome).toEqual({ type: 'welcome', user, node: 'node1', session: 'node1' });
      await socket.close();
    }
    const response = await fetch(`${node().http}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    });
    const [cookie] = response.headers.get('set-cookie')!.split(';');
    const socket = new Socket(new WebSocket(url, { headers: { cookie: cookie! } }));
    expect(await socket.next('welcome')).toMatchObject({ user });
  });

  test.each([
    ['no token', () => undefined],
    ['a forged token', () => tokenFor('ann', 'another secret of enough length', '1h')],
    ['an expired token', () => tokenFor('ann', cluster.secret, inSeconds(-60))],
  ])('is refused with 401 for %s', async (_what, make) => {
    const token = await make();
    const { status, body } = await refusedUpgrade(node(), token === undefined ? {} : bearer(token));
    expect([status, body.code]).toEqual([401, 'unauthorized']);
  });

  test('is refused with 403 for pages of another origin', async () => {
    const { token } = await login();
    const headers = { authorization: `Bearer ${token}` };
    for (const origin of ['http://evil.example', `${node().http}0`, 'null']) {
      const { status, body } = await refusedUpgrade(node(), { headers, origin });
      expect([status, body.code]).toEqual([403, 'bad-origin']);
    }
    const socket = new Socket(new WebSocket(wsUrl(node()), { headers, origin: node().http }));
    await socket.next('welcome');
  });

  test('is answered with 404 elsewhere', async () => {
    const { token } = await login();
    const ws = new WebSocket(wsUrl(node()).replace('/ws', '/wss'), [`bearer.${token}`]);
    const status = await new Promise((resolve) => {
      ws.on('error', () => undefined);
      ws.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    });
    expect(status).toBe(404);
  });

  test('is a 400 with a code when it is no upgrade to a WebSocket', async () => {
    const { token } = await login();
    const answer = await answerTo(
      '/ws',
      `Sec-WebSocket-Key: x\r\nAuthorization: Bearer ${token}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 .*"code":"bad-request"/s);
  });

  test.each(['//', '//[', '/\\\\', 'http://[', '*', '/ws/'])(
    'is answered with 404 at %s, and the node lives on',
    async (target) => {
      const answer = await answerTo(target);
      expect(answer).toMatch(/^HTTP\/1.1 404 .*"code":"not-found"/s);
      await open();
    },
  );

  /** By hand, because clients tidy the path up first. */
  async function answerTo(target: string, headers = ''): Promise<string> {
    const socket = createConnection(Number(new URL(node().http).port), '127.0.0.1');
    const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    socket.write(`GET ${target} HTTP/1.1\r\n${upgrade}${headers}\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }
});

test('the socket closes with 4401 when its token expires', async () => {
  const user = fresh('ann');
  const token = await tokenFor(user, cluster.secret, inSeconds(2));
  const socket = await Socket.open(new Login(node(), user, token));
  expect((await socket.closing()).code).toBe(4401);
});

describe('join', () => {
  test('without since gives the newest 100, with since what came after it', async () => {
    const people = await Promise.all(['ann', 'bob', 'cem'].map((name) => login(fresh(name))));
    const room = fresh('room');
    const posts = people.flatMap((one) => range(1, 40).map((i) => one.post(room, `${i}`, 'x')));
    for (const { status } of await Promise.all(posts)) expect(status).toBe(201);
    const socket = await open();
    const newest = await socket.join(room);
    expect(newest).toMatchObject({ type: 'joined', room, head: 120, recovered: true });
    expect(newest.messages.map(({ seq }: Frame) => seq)).toEqual(range(21, 120));
    expect(newest.messages[0]).toEqual({
      seq: 21,
      id: expect.any(String),
      from: expect.any(String),
      text: expect.any(String),
      at: expect.any(String),
    });
    const resumed = await socket.join(room, 7);
    expect(resumed).toMatchObject({ head: 120, recovered: true });
    expect(resumed.messages.map(({ seq }: Frame) => seq)).toEqual(range(8, 120));
    expect(await socket.join(room, 120)).toMatchObject({
      head: 120,
      recovered: true,
      messages: [],
    });
    const ahead = await socket.join(room, 500);
    expect([ahead.recovered, ahead.messages.length]).toEqual([false, 100]);
  }, 40_000);

  test('of an empty room answers head 0', async () => {
    const socket = await open();
    const room = fresh('room');
    expect(await socket.join(room)).toEqual({
      type: 'joined',
      room,
      head: 0,
      recovered: true,
      messages: [],
    });
  });

  test('takes a user into 100 rooms and not one more', async () => {
    const socket = await open();
    const room = fresh('room');
    for (let i = 0; i < 100; i++) await socket.join(`${room}-${i}`);
    const refused = await socket.refusal({ type: 'join', room: `${room}-100` });
    expect(refused).toMatchObject({ code: 'rate-limited', room: `${room}-100` });
    socket.send({ type: 'leave', room: `${room}-0` });
    await socket.next('left');
    await socket.join(`${room}-100`);
  });
});

describe('send-message', () => {
  test('is acked, and told to everybody in the room, the sender too', async () => {
    const [ann, bob] = await Promise.all([open(), open(fresh('bob'))]);
    const room = fresh('room');
    await Promise.all([ann.join(room), bob.join(room)]);
    expect(await ann.say(room, 'one', 'hello')).toEqual({
      type: 'ack',
      room,
      id: 'one',
      seq: 1,
      node: 'node1',
    });
    for (const socket of [ann, bob]) {
      expect(await socket.next('message')).toEqual({
        type: 'message',
        room,
        seq: 1,
        id: 'one',
        from: expect.stringMatching(/^ann/),
        text: 'hello',
        at: expect.any(String),
      });
    }
  });

  test('keeps the order of one sender', async () => {
    const [ann, bob] = await Promise.all([open(), open(fresh('bob'))]);
    const room = fresh('room');
    await Promise.all([ann.join(room), bob.join(room)]);
    const ids = range(1, 40).map(String);
    for (const id of ids) ann.send({ type: 'send-message', room, id, text: id });
    await until(() => bob.messages(room).length === 40);
    expect(bob.messages(room).map(({ id }) => id)).toEqual(ids);
    expect(bob.messages(room).map(({ seq }) => seq)).toEqual(range(1, 40));
  });

  test('with a repeated id is acked with the first seq and told to nobody', async () => {
    const ann = await open();
    const room = fresh('room');
    await ann.join(room);
    await ann.say(room, 'one');
    await ann.say(room, 'two');
    expect((await ann.say(room, 'one')).seq).toBe(1);
    expect((await ann.say(room, 'three')).seq).toBe(3);
    await until(() => ann.messages(room).length === 3);
    expect(ann.messages(room).map(({ id }) => id)).toEqual(['one', 'two', 'three']);
  });

  test('reaches all sockets of the user, and none that has left', async () => {
    const ann = await login();
    const [here, there] = await Promise.all([Socket.open(ann), Socket.open(ann)]);
    const room = fresh('room');
    await Promise.all([here.join(room), there.join(room)]);
    await here.say(room, 'one');
    await there.next('message', ({ id }) => id === 'one');
    there.send({ type: 'leave', room });
    expect(await there.next('left')).toEqual({ type: 'left', room });
    await here.say(room, 'two');
    await here.next('message', ({ id }) => id === 'two');
    expect(await there.join(room, 1)).toMatchObject({ head: 2, messages: [{ id: 'two' }] });
    expect(there.messages(room).map(({ id }) => id)).toEqual(['one']);
  });

  test('takes 50 at once, then says rate-limited, and takes more after a while', async () => {
    const ann = await open();
    const room = fresh('room');
    await ann.join(room);
    for (const i of range(1, 80)) ann.send({ type: 'send-message', room, id: `${i}`, text: 'x' });
    const of = (type: string) => ann.frames.filter((frame) => frame.type === type);
    await until(() => of('ack').length + of('error').length === 80);
    expect(of('ack').length).toBeGreaterThanOrEqual(50);
    expect(of('error').length).toBeGreaterThan(0);
    for (const frame of of('error')) expect(frame).toMatchObject({ code: 'rate-limited', room });
    const refused = of('error')[0]!;
    await until(
      () => {
        ann.send({ type: 'send-message', room, id: refused.id, text: 'again' });
        return of('ack').some(({ id }) => id === refused.id);
      },
      { everyMs: 100 },
    );
  });
});

describe('a frame that cannot be', () => {
  test.each([
    ['no JSON', 'hello'],
    ['no object', '[1]'],
    ['no type', '{}'],
    ['an unknown type', { type: 'shout', room: 'lobby' }],
    ['no room', { type: 'join' }],
    ['a negative since', { type: 'join', room: 'lobby', since: -1 }],
    ['no id', { type: 'send-message', room: 'lobby', text: 'x' }],
    ['an empty text', { type: 'send-message', room: 'lobby', id: 'x', text: '' }],
  ])('is answered with bad-frame: %s', async (_what, frame) => {
    const socket = await open();
    expect(await socket.refusal(frame)).toMatchObject({
      code: 'bad-frame',
      message: expect.any(String),
    });
    await socket.join(fresh('room')); // and the socket lives on
  });

  test('is bad-frame when it is binary', async () => {
    const socket = await open();
    socket.ws.send(Buffer.from('{"type":"join","room":"lobby"}'), { binary: true });
    expect(await socket.next('error')).toMatchObject({ code: 'bad-frame' });
  });

  test('says what is wrong with the room, the text, the membership', async () => {
    const socket = await open();
    const room = fresh('room');
    expect(await socket.refusal({ type: 'join', room: 'No Room' })).toMatchObject({
      code: 'bad-room',
    });
    const send = { type: 'send-message', room, id: 'x', text: 'x' };
    expect(await socket.refusal(send)).toMatchObject({ code: 'not-joined', room, id: 'x' });
    await socket.join(room);
    const long = { ...send, text: 'x'.repeat(8193) };
    expect(await socket.refusal(long)).toMatchObject({ code: 'too-large', room, id: 'x' });
    expect((await socket.say(room, 'y', 'x'.repeat(8192))).seq).toBe(1);
  });

  test('of more than 16 KiB, or in too many pieces, ends the socket', async () => {
    const large = await open();
    large.send('x'.repeat(16 * 1024 + 1));
    expect((await large.closing()).code).toBe(1009);
    const pieces = await open();
    for (let i = 0; i < 200; i++) pieces.ws.send('x', { fin: false });
    expect([1008, 1009]).toContain((await pieces.closing()).code);
  });
});

test('a client that sends without end is closed with 1008, and holds up nobody else', async () => {
  const [flood, quiet] = await Promise.all([open(fresh('flood')), open(fresh('quiet'))]);
  const room = fresh('room');
  await quiet.join(room);
  const frame = JSON.stringify({ type: 'leave', room });
  for (let i = 0; i < 20_000; i++) flood.send(frame);
  expect((await flood.closing()).code).toBe(1008);
  expect(flood.frames.filter(({ type }) => type === 'left').length).toBeLessThan(3000);
  expect((await quiet.say(room, 'one')).seq).toBe(1);
});

test('a user has 10 sockets and not one more', async () => {
  const ann = await login();
  const sockets = await Promise.all(range(1, 10).map(() => Socket.open(ann)));
  const eleventh = new Socket(connect(ann));
  expect((await eleventh.closing()).code).toBe(1008);
  await sockets[0]!.close();
  await untilThereIsRoomFor(ann);
});

describe('a slow reader', () => {
  test('is closed with 1013 at a mebibyte, and misses nothing when it comes back', async () => {
    const writers = await Promise.all(range(1, 5).map((i) => login(fresh(`writer${i}`))));
    const [long, live] = [fresh('long'), fresh('live')];
    await burst(writers[0]!, long);
    const [slow, quick] = await Promise.all([open(fresh('slow')), open(fresh('quick'))]);
    await Promise.all([slow.join(live), quick.join(live)]);
    const stalled = stall(slow, long);
    const counts = await Promise.all(writers.slice(1).map((writer) => burst(writer, live)));
    await stalled;
    for (const writer of writers) counts.push(await burst(writer, live, 5));
    const posted = counts.reduce((sum, count) => sum + count);
    await quick.next('message', ({ seq }) => seq === posted);
    slow.ws.resume();
    expect((await slow.closing()).code).toBe(1013);

    const seen = slow.messages(live).map(({ seq }) => seq as number);
    expect(seen).toEqual(range(1, seen.length));
    expect(seen.length).toBeLessThan(posted);
    const back = await open(fresh('back'));
    const since = Math.max(seen.length, posted - 20);
    const { head, recovered, messages } = await back.join(live, since);
    expect([head, recovered]).toEqual([posted, true]);
    expect(messages.map(({ seq }: Frame) => seq)).toEqual(range(since + 1, posted));
  }, 60_000);

  test('is closed with 1013 after 5 s without progress', async () => {
    const [ann, writer] = await Promise.all([login(), login(fresh('writer'))]);
    const long = fresh('long');
    await burst(writer, long);
    await Promise.all(range(1, 9).map(() => Socket.open(ann)));
    const slow = await Socket.open(ann);
    await stall(slow, long);
    const from = performance.now();
    await untilThereIsRoomFor(ann); // for a tenth, once the slow one is given up
    expect(performance.now() - from).toBeGreaterThan(2000);
    slow.ws.resume();
    expect((await slow.closing()).code).toBe(1013);
  }, 60_000);

  /** Stops reading and asks for more than the buffers of both kernels hold. */
  async function stall(socket: Socket, room: string): Promise<void> {
    socket.ws.pause();
    for (let i = 0; i < 100; i++) {
      socket.send({ type: 'join', room });
      await delay(10); // for the page; a join that is under way is not begun again
    }
  }

  /** Posts long texts, as many as the limits allow of `count`. */
  async function burst(writer: Login, room: string, count = 50): Promise<number> {
    const text = 'x'.repeat(8000);
    const ids = range(1, count).map((i) => fresh(`${i}`));
    const answers = await Promise.all(ids.map((id) => writer.post(room, id, text)));
    return answers.filter(({ status }) => status === 201).length;
  }
});

function bearer(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

function connect(login: Login): WebSocket {
  return new WebSocket(wsUrl(node()), bearer(login.token));
}

/** Tries until one more socket of the user is welcomed. */
async function untilThereIsRoomFor(user: Login): Promise<void> {
  const isWelcome = () =>
    new Socket(connect(user)).next('welcome').then(
      () => true,
      () => false,
    );
  await until(isWelcome, { everyMs: 200, timeoutMs: 20_000 });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

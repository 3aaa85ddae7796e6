// The chat over HTTP, as a client sees it, on one node.
import { connect } from 'node:net';
import { until } from 'actor-ts/testkit';
import { describe, expect, test } from 'vitest';
import { type Answer, call, fresh, Login, tokenFor } from './harness/Login.ts';
import { useCluster } from './harness/useCluster.ts';

const cluster = useCluster(1);
const node = () => cluster.nodes[0]!;
const login = (user = fresh('ann')) => Login.as(user, node());

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  expect(answer.body).toMatchObject({ title: expect.any(String), detail: expect.any(String) });
}

describe('POST /login', () => {
  test('answers a token and a cookie that scripts cannot read', async () => {
    const before = Date.now();
    const { status, body, headers } = await call(node(), 'POST', '/login', { user: 'ann' });
    expect(status).toBe(200);
    expect(body).toEqual({ user: 'ann', token: expect.any(String), expiresAt: expect.anything() });
    expect(Date.parse(body.expiresAt) - before).toBeGreaterThan(11.9 * 3_600_000);
    expect(Date.parse(body.expiresAt) - before).toBeLessThan(12.1 * 3_600_000);
    const cookie = headers.get('set-cookie');
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    const [pair] = cookie!.split(';');
    const history = await call(node(), 'GET', '/rooms/lobby/messages', undefined, {
      cookie: pair!,
    });
    expect(history.status).toBe(200);
  });

  test.each(['', 'Ann', '-ann', 'a b', 'a'.repeat(33), 'änn', 7, null])(
    'refuses %j as a name',
    async (user) => {
      const answer = await call(node(), 'POST', '/login', { user });
      expect(answer.status).toBe(400);
      expect(answer.body.code).toMatch(/^bad-/);
    },
  );
});

describe('a token', () => {
  test.each([
    ['none', () => undefined],
    ['nonsense', () => 'nonsense'],
    ['another secret', () => tokenFor('ann', 'another secret of enough length', '1h')],
    ['an expired one', () => tokenFor('ann', cluster.secret, Math.floor(Date.now() / 1000) - 60)],
    ['another algorithm', () => tokenFor('ann', cluster.secret, '1h', 'HS512')],
    ['no signature', () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"ann","exp":9999999999}')}.`],
    ['a user that cannot be', () => tokenFor('Not A Name', cluster.secret, '1h')],
  ])('is needed: %s is a 401', async (_what, make) => {
    const token = await make();
    const headers: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` };
    expectProblem(
      await call(node(), 'GET', '/rooms/lobby/messages', undefined, headers),
      401,
      'unauthorized',
    );
    expectProblem(await call(node(), 'GET', '/me/inbox', undefined, headers), 401, 'unauthorized');
    const message = { id: 'x', text: 'x' };
    expectProblem(
      await call(node(), 'POST', '/rooms/lobby/messages', message, headers),
      401,
      'unauthorized',
    );
  });

  test('signed with the secret is taken', async () => {
    const authorization = `Bearer ${await tokenFor('zoe', cluster.secret, '1h')}`;
    const { status } = await call(node(), 'GET', '/me/inbox', undefined, { authorization });
    expect(status).toBe(200);
  });
});

describe('POST /rooms/:room/messages', () => {
  test('numbers the messages of a room from 1, without a gap', async () => {
    const ann = await login();
    const room = fresh('room');
    for (const seq of [1, 2, 3]) {
      const { status, body } = await ann.post(room, `id-${seq}`, `text ${seq}`);
      expect(status).toBe(201);
      expect(body).toEqual({ room, id: `id-${seq}`, seq, node: 'node1' });
    }
    const { head, messages } = await ann.history(room);
    expect(head).toBe(3);
    expect(messages.map(({ seq, from, text }) => [seq, from, text])).toEqual([
      [1, ann.user, 'text 1'],
      [2, ann.user, 'text 2'],
      [3, ann.user, 'text 3'],
    ]);
    expect(Math.abs(Date.parse(messages[0]!.at) - Date.now())).toBeLessThan(60_000);
  });

  test('answers a repeated id with the first seq and writes nothing', async () => {
    const ann = await login();
    const room = fresh('room');
    await ann.post(room, 'one', 'first');
    await ann.post(room, 'two', 'second');
    const { status, body } = await ann.post(room, 'one', 'something else');
    expect(status).toBe(200);
    expect(body).toEqual({ room, id: 'one', seq: 1, node: 'node1' });
    const { head, messages } = await ann.history(room);
    expect([head, messages.map(({ text }) => text)]).toEqual([2, ['first', 'second']]);
  });

  test('takes the same id of another user, and in another room, for another message', async () => {
    const [ann, bob] = await Promise.all([login(), login(fresh('bob'))]);
    const room = fresh('room');
    expect((await ann.post(room, 'one', 'a')).body.seq).toBe(1);
    expect((await bob.post(room, 'one', 'b')).body.seq).toBe(2);
    expect((await ann.post(fresh('room'), 'one', 'a')).status).toBe(201);
  });

  test('writes one message for many posts of one id at once', async () => {
    const ann = await login();
    const room = fresh('room');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => ann.post(room, 'one', 'once')),
    );
    expect(new Set(answers.map(({ body }) => body.seq))).toEqual(new Set([1]));
    expect((await ann.history(room)).head).toBe(1);
  });

  test('takes 8,192 bytes of text and not one more', async () => {
    const ann = await login();
    const room = fresh('room');
    const most = 'ä'.repeat(4096);
    expect((await ann.post(room, 'most', most)).status).toBe(201);
    expect((await ann.history(room)).messages[0]!.text).toBe(most);
    expectProblem(await ann.post(room, 'more', `${most}!`), 413, 'too-large');
    expectProblem(await ann.post(room, 'none', ''), 400, 'bad-request');
    const controls = '\u0001'.repeat(8192);
    expect((await ann.post(room, 'controls', controls)).status).toBe(201);
    expectProblem(await ann.post(room, 'body', 'x'.repeat(200_000)), 413, 'too-large');
  });

  test.each([
    ['not JSON', '{"id":', 400, 'bad-request'],
    ['no object', '[]', 400, 'bad-request'],
    ['no id', '{"text":"x"}', 400, 'bad-request'],
    ['an id that is too long', { id: 'x'.repeat(65), text: 'x' }, 400, 'bad-request'],
    ['a text that is no string', { id: 'x', text: 7 }, 400, 'bad-request'],
    ['half a character', '{"id":"x","text":"\\ud800"}', 400, 'bad-request'],
  ])('refuses %s', async (_what, body, status, code) => {
    const ann = await login();
    expectProblem(await ann.call('POST', `/rooms/${fresh('room')}/messages`, body), status, code);
  });

  test('refuses another content type', async () => {
    const ann = await login();
    const headers = { authorization: `Bearer ${ann.token}`, 'content-type': 'text/plain' };
    const answer = await call(node(), 'POST', '/rooms/lobby/messages', 'hello', headers);
    expectProblem(answer, 415, 'unsupported-media-type');
  });

  test.each(['A', '-a', 'a'.repeat(33), 'a%20b'])('refuses %s as a room', async (room) => {
    const ann = await login();
    expectProblem(await ann.post(room, 'x', 'x'), 400, 'bad-room');
    expectProblem(await ann.call('GET', `/rooms/${room}/messages`), 400, 'bad-room');
  });

  test('takes 50 at once from one user, then says when to come again; others are not held up', async () => {
    const [ann, bob] = await Promise.all([login(), login(fresh('bob'))]);
    const room = fresh('room');
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, i) => ann.post(room, `id-${i}`, 'x')),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(50);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectProblem(answer, 429, 'rate-limited');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await bob.post(room, 'b', 'b')).status).toBe(201);
    await until(async () => (await ann.post(room, 'later', 'x')).status === 201, { everyMs: 100 });
  });
});

describe('GET /rooms/:room/messages', () => {
  test('gives pages from either end, always ascending', async () => {
    const ann = await login();
    const room = fresh('room');
    for (let i = 1; i <= 12; i++) await ann.post(room, `id-${i}`, `text ${i}`);
    const seqs = async (query: string) => {
      const { head, messages } = await ann.history(room, query);
      expect(head).toBe(12);
      return messages.map(({ seq }) => seq);
    };
    expect(await seqs('?limit=3')).toEqual([10, 11, 12]);
    expect(await seqs('?since=4&limit=3')).toEqual([5, 6, 7]);
    expect(await seqs('?before=4&limit=2')).toEqual([2, 3]);
    expect(await seqs('?before=3')).toEqual([1, 2]);
    expect(await seqs('?since=2&before=6')).toEqual([3, 4, 5]);
    expect(await seqs('?since=12')).toEqual([]);
    expect(await seqs('?since=99')).toEqual([]);
    expect(await seqs('?since=0')).toHaveLength(12);
  });

  test('of a room that nobody wrote in is empty', async () => {
    const room = fresh('room');
    const { status, body } = await (await login()).call('GET', `/rooms/${room}/messages`);
    expect([status, body]).toEqual([200, { room, head: 0, messages: [] }]);
  });

  test.each(['limit=501', 'limit=0', 'limit=x', 'since=-1', 'since=1.5', 'before=0'])(
    'refuses ?%s',
    async (query) => {
      const answer = await (await login()).call('GET', `/rooms/lobby/messages?${query}`);
      expectProblem(answer, 400, 'bad-request');
    },
  );
});

describe('GET /me/inbox', () => {
  test('holds what was told in the rooms that the user follows, after a position', async () => {
    const [ann, bob] = await Promise.all([login(), login(fresh('bob'))]);
    const room = fresh('room');
    await bob.post(room, 'before', 'before');
    expect((await ann.call('PUT', `/me/rooms/${room}`)).body).toEqual({ rooms: [room] });
    await bob.post(room, 'one', 'one');
    await bob.post(room, 'two', 'two');
    const told = async (since = 0) => (await ann.call('GET', `/me/inbox?since=${since}`)).body;
    const inbox = await until(async () => {
      const now = await told();
      return now.messages.length === 2 ? now : null;
    });
    expect(inbox.messages.map((m: any) => [m.room, m.seq, m.from, m.text])).toEqual([
      [room, 2, bob.user, 'one'],
      [room, 3, bob.user, 'two'],
    ]);
    expect((await told(inbox.messages[0].position)).messages).toEqual([inbox.messages[1]]);
    expect((await ann.call('DELETE', `/me/rooms/${room}`)).body).toEqual({ rooms: [] });
    await bob.post(room, 'three', 'three');
    expect((await bob.history(room)).head).toBe(4);
    expect((await told()).messages).toHaveLength(2);
  });
});

describe('the page', () => {
  test('is served with a strict policy', async () => {
    const { status, headers, body } = await call(node(), 'GET', '/');
    expect([status, headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching('text/html'),
    ]);
    expect(body).toMatch(/<!doctype html>/i);
    expect(body, 'no view, no link').not.toMatch(/Cluster|<!--/);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const script = await call(node(), 'GET', '/ui/app.js');
    expect([script.status, script.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching('javascript'),
    ]);
  });

  test.each([
    '/ui/../src/main.ts',
    '/ui/%2e%2e/package.json',
    '/ui/..%2fpackage.json',
    '/ui/nothing.js',
  ])('gives out nothing else: %s', async (path) => {
    // By hand, because fetch tidies the path up first.
    const socket = connect(Number(new URL(node().http).port), '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1.1 40[034]/);
  });
});

describe('what is refused before any route is asked', () => {
  const request = (line: string, headers = '') => `${line}\r\nHost: x\r\n${headers}\r\n`;
  test.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'bad-request'],
    ['TLS', '\x16\x03\x01\0\xc8', 400, 'bad-request'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'bad-request'],
    ['half an escape', request('GET /rooms/%/messages HTTP/1.1'), 400, 'bad-request'],
    ['a long name', request(`GET /rooms/${'a'.repeat(101)}/messages HTTP/1.1`), 414, 'too-large'],
    ['long headers', request('GET / HTTP/1.1', `X: ${'a'.repeat(17_000)}\r\n`), 431, 'too-large'],
    [
      'two lengths',
      request('GET / HTTP/1.1', 'Content-Length: 1\r\n'.repeat(2)),
      400,
      'bad-request',
    ],
    ['expecting too much', request('GET / HTTP/1.1', 'Expect: a\r\n'), 417, 'expectation-failed'],
    ['a tunnel', request('CONNECT a:1 HTTP/1.1'), 400, 'bad-request'],
    ['a file beside', request('GET /ui/%00 HTTP/1.1'), 403, 'forbidden'],
    [
      'a bad range',
      request('GET /ui/app.js HTTP/1.1', 'Range: bytes=99999-\r\n'),
      416,
      'range-not-satisfiable',
    ],
  ])('has a code all the same: %s', async (_what, bytes, status, code) => {
    const socket = connect(Number(new URL(node().http).port), '127.0.0.1');
    socket.write(bytes, 'latin1');
    let answer = '';
    for await (const chunk of socket) {
      answer += chunk;
      if (answer.includes('}')) break; // that was the Problem, whether the connection ends or not
    }
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/^content-type: application\/problem\+json/im);
    expect(answer).toContain(`"code":"${code}"`);
  });
});

test('clients that are gone before they are answered end nothing but themselves', async () => {
  const heads = ['CONNECT a:1', 'GET /ws', 'POST /login', 'hello'];
  const clients = Array.from({ length: 200 }, (_, i) => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const length = 'Content-Length: 9\r\n';
    const headers = i % 4 === 1 ? upgrade : length;
    const socket = connect(Number(new URL(node().http).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${heads[i % 4]} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`, () => {
      setTimeout(() => socket.resetAndDestroy(), i % 3);
    });
    return new Promise((resolve) => socket.on('close', resolve));
  });
  await Promise.all(clients);
  expect((await call(node(), 'GET', '/')).status).toBe(200);
});

test('an unknown address is a 404, a wrong method a 405 that names the right ones', async () => {
  const ann = await login();
  expectProblem(await ann.call('GET', '/nothing'), 404, 'not-found');
  const wrong = await ann.call('DELETE', '/rooms/lobby/messages');
  expectProblem(wrong, 405, 'method-not-allowed');
  expect(wrong.headers.get('allow')).toBe('POST, GET, HEAD');
  expectProblem(await ann.call('GET', '/login'), 405, 'method-not-allowed');
  expectProblem(await ann.call('POST', '/me/inbox', {}), 405, 'method-not-allowed');
  expectProblem(await ann.call('GET', '/ws'), 426, 'upgrade-required');
});

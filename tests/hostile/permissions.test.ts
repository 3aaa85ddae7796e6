// Who may do what. The tables are the documentation: a row is somebody who comes to a node, and the
// columns say what the node answers to each thing that can be asked of it.
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fresh, Login, call as request, tokenFor } from '../harness/Login.ts';
import { call, reasonIn, say } from './ClusterPort.ts';
import { Victim } from './Victim.ts';

let victim: Victim;
beforeAll(async () => {
  victim = await Victim.start();
});
afterAll(() => victim[Symbol.asyncDispose]());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const cookie = (token: string) => ({ cookie: `chat-token=${token}` });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const good = (user = 'ann') => tokenFor(user, victim.secret, '1h');
/** A good token with another user in it, and the signature that it had. */
async function tampered(): Promise<string> {
  const [head, , signature] = (await good()).split('.');
  return `${head}.${part({ sub: 'bob', exp: inAnHour() })}.${signature}`;
}
const oneLetterOff = async () => {
  const token = await good();
  const at = token.length - 10;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
};

type Headers = Record<string, string>;

/**
 * Who comes, and the status of what is answered: read = GET /rooms/:room/messages, post = POST there,
 * inbox = GET /me/inbox, follow = PUT and DELETE /me/rooms/:room, ws = the upgrade at GET /ws. The page
 * and POST /login are open to all. Of HTTP, only the upgrade looks at the origin: browsers keep a
 * SameSite=Strict cookie from other pages, and ask before they send JSON, which nobody here allows.
 */
const TABLE = `
  | who                                | read | post | inbox | follow | ws  |
  | ---------------------------------- | ---- | ---- | ----- | ------ | --- |
  | a token in the header              | 200  | 201  | 200   | 200    | 101 |
  | a token in the cookie              | 200  | 201  | 200   | 200    | 101 |
  | cookie, from a page of this host   | 200  | 201  | 200   | 200    | 101 |
  | cookie, from a foreign page        | 200  | 201  | 200   | 200    | 403 |
  | cookie, from origin null           | 200  | 201  | 200   | 200    | 403 |
  | cookie, from another port          | 200  | 201  | 200   | 200    | 403 |
  | nobody                             | 401  | 401  | 401   | 401    | 401 |
  | nobody, from a foreign page        | 401  | 401  | 401   | 401    | 403 |
  | an empty token                     | 401  | 401  | 401   | 401    | 401 |
  | nonsense                           | 401  | 401  | 401   | 401    | 401 |
  | a token signed by a foreign key    | 401  | 401  | 401   | 401    | 401 |
  | an expired token                   | 401  | 401  | 401   | 401    | 401 |
  | a token that never expires         | 401  | 401  | 401   | 401    | 401 |
  | a token of alg none                | 401  | 401  | 401   | 401    | 401 |
  | a token of alg None                | 401  | 401  | 401   | 401    | 401 |
  | a token of another algorithm       | 401  | 401  | 401   | 401    | 401 |
  | a token that brings its key along  | 401  | 401  | 401   | 401    | 401 |
  | a token for no possible user       | 401  | 401  | 401   | 401    | 401 |
  | a token with another user put in   | 401  | 401  | 401   | 401    | 401 |
  | a cookie with another user put in  | 401  | 401  | 401   | 401    | 401 |
  | a cookie with one letter changed   | 401  | 401  | 401   | 401    | 401 |
  | the secret as the token            | 401  | 401  | 401   | 401    | 401 |
  | a user by Basic                    | 401  | 401  | 401   | 401    | 401 |
  | a user by a header                 | 401  | 401  | 401   | 401    | 401 |`;

const claims = () => ({ sub: 'ann', exp: inAnHour() });
const WHO: Record<string, () => Headers | Promise<Headers>> = {
  'a token in the header': async () => bearer(await good()),
  'a token in the cookie': async () => cookie(await good()),
  'cookie, from a page of this host': async () => from(victim.node.http),
  'cookie, from a foreign page': async () => from('http://evil.example'),
  'cookie, from origin null': async () => from('null'),
  'cookie, from another port': async () => from(`${victim.node.http}0`),
  nobody: () => ({}),
  'nobody, from a foreign page': () => ({ origin: 'http://evil.example' }),
  'an empty token': () => bearer(''),
  nonsense: () => bearer('nonsense'),
  'a token signed by a foreign key': async () =>
    bearer(await tokenFor('ann', 'a foreign key of some length', '1h')),
  'an expired token': async () => bearer(await tokenFor('ann', victim.secret, inAnHour() - 3660)),
  'a token that never expires': async () =>
    bearer(
      await new SignJWT({ sub: 'ann' })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(victim.secret)),
    ),
  'a token of alg none': () => bearer(unsigned({ alg: 'none' }, claims())),
  'a token of alg None': () => bearer(unsigned({ alg: 'None' }, claims())),
  'a token of another algorithm': async () =>
    bearer(await tokenFor('ann', victim.secret, '1h', 'HS512')),
  'a token that brings its key along': () =>
    bearer(unsigned({ alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } }, claims())),
  'a token for no possible user': async () =>
    bearer(await tokenFor('Not A Name', victim.secret, '1h')),
  'a token with another user put in': async () => bearer(await tampered()),
  'a cookie with another user put in': async () => cookie(await tampered()),
  'a cookie with one letter changed': async () => cookie(await oneLetterOff()),
  'the secret as the token': () => bearer(victim.secret),
  'a user by Basic': () => ({ authorization: `Basic ${btoa('ann:')}` }),
  'a user by a header': () => ({ 'x-user': 'ann', 'x-forwarded-user': 'ann' }),
};

describe('who comes with', () => {
  const rows = TABLE.trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, who, ...answers]) => [who!, answers.slice(0, 5).map(Number)] as const);

  test('everybody in the table is tried', () => {
    expect(rows.map(([who]) => who)).toEqual(Object.keys(WHO));
  });

  test.each(rows)('%s', async (who, answers) => {
    const headers = await WHO[who]!();
    const { node } = victim;
    const ask = async (method: string, path: string, body?: object) =>
      (await request(node, method, path, body, headers)).status;
    const follow = await ask('PUT', '/me/rooms/lobby');
    expect(await ask('DELETE', '/me/rooms/lobby')).toBe(follow);
    const got = [
      await ask('GET', '/rooms/lobby/messages'),
      await ask('POST', '/rooms/lobby/messages', { id: fresh('id'), text: 'x' }),
      await ask('GET', '/me/inbox'),
      follow,
      await upgrade(headers),
    ];
    expect(got).toEqual(answers);
    expect(await ask('GET', '/')).toBe(200);
    expect(await ask('GET', '/ui/app.js')).toBe(200);
    expect(await ask('POST', '/login', { user: 'ann' })).toBe(200);
  });
});

describe('one user', () => {
  test('cannot speak, or listen, as another', async () => {
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map((name) => Login.as(fresh(name), victim.node)),
    );
    const room = fresh('room');
    await ann!.call('PUT', `/me/rooms/${room}`);
    const forged = { id: 'x', text: 'x', from: ann!.user, userId: ann!.user, sub: ann!.user };
    expect((await bob!.call('POST', `/rooms/${room}/messages`, forged)).status).toBe(201);
    expect((await ann!.history(room)).messages[0]!.from).toBe(bob!.user);
    for (const path of [
      `/me/inbox?user=${ann!.user}`,
      `/me/inbox?userId=${ann!.user}&sub=${ann!.user}`,
    ]) {
      const { status, body } = await bob!.call('GET', path);
      expect([status, body.rooms]).toEqual([200, []]);
    }
    for (const path of [
      `/${ann!.user}/inbox`,
      `/users/${ann!.user}/inbox`,
      `/me/${ann!.user}/inbox`,
    ]) {
      expect((await bob!.call('GET', path)).status).toBe(404);
    }
  });

  test('is not known by a token in an address', async () => {
    const token = await good();
    for (const name of ['token', 'access_token', 'chat-token', 'authorization']) {
      expect((await request(victim.node, 'GET', `/me/inbox?${name}=${token}`)).status).toBe(401);
    }
  });
});

describe('at the public port', () => {
  const MANAGEMENT = [
    '/view/app.js',
    '/cluster/members',
    '/cluster/shards',
    '/health',
    '/ready',
    '/metrics',
    '/events',
  ];
  test.each(MANAGEMENT)('there is no %s', async (path) => {
    const { status } = await request(victim.node, 'GET', path, undefined, bearer(await good()));
    expect(status).toBe(404);
    // And that is where it is: at a port that is not published.
    const answer = await fetch(victim.node.management + path);
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  });

  test('nothing of the node changes by the other one either', async () => {
    for (const path of MANAGEMENT) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        expect((await fetch(victim.node.management + path, { method })).status).toBe(405);
      }
    }
  });
});

describe('at the cluster port', () => {
  const OTHER = 'another secret of enough length';
  const PEERS: readonly (readonly [string, () => Parameters<typeof call>[1], string])[] = [
    ['who knows the secret', () => ({ secret: victim.secret }), 'is let in'],
    ['another secret', () => ({ secret: OTHER }), 'bad-secret'],
    ['no secret', () => ({ secret: undefined }), 'bad-secret'],
    ['an empty secret', () => ({ secret: '' }), 'bad-secret'],
    [
      'a node of another system',
      () => ({ secret: victim.secret, self: 'evil@127.0.0.1:1' }),
      'wrong-system',
    ],
    [
      'who dialled another node',
      () => ({ secret: victim.secret, to: 'chat@10.0.0.1:1' }),
      'wrong-address',
    ],
  ];
  test.each(PEERS)('%s', async (_who, caller, outcome) => {
    const { isIn, refusal } = await call(victim, caller());
    expect(isIn ? 'is let in' : refusal?.reason).toBe(outcome);
  });

  test('a recorded handshake is refused as bad-secret', async () => {
    const { isIn, said } = await call(victim, { secret: victim.secret });
    expect(isIn).toBe(true);
    const { answer, hungUp } = await say(victim, said);
    expect([reasonIn(answer), hungUp]).toEqual(['bad-secret', true]);
    expect(answer).not.toContain('verdict');
  });

  test.each([
    ['HTTP', 'GET /metrics HTTP/1.1\r\n\r\n'],
    ['TLS', '\x16\x03\x01\0\xc8\x01\0\0\xc4'],
    ['nothing but a length', '\xff\xff\xff\xff'],
  ])('%s is hung up on, and the log has a code', async (_what, text) => {
    const before = victim.complaints.length;
    const { answer, hungUp } = await say(victim, Buffer.from(text, 'latin1'));
    expect([answer, hungUp]).toEqual(['', true]);
    await expect.poll(() => victim.complaints.length).toBeGreaterThan(before);
    expect(victim.complaints.at(-1)!.error?.code).toBe('ERR_FRAME_TOO_LARGE');
  });
});

async function from(origin: string): Promise<Headers> {
  return { ...cookie(await good()), origin };
}

function unsigned(head: object, body: object): string {
  return `${part(head)}.${part(body)}.`;
}

/** The status that answers an upgrade at /ws: 101 when the socket is open. */
async function upgrade(headers: Headers): Promise<number> {
  const socket = connect(victim.httpPort, '127.0.0.1');
  const lines = Object.entries({
    host: new URL(victim.node.http).host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  socket.write(`GET /ws HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.includes('\r\n\r\n')) break;
  }
  return Number(/^HTTP\/1.1 (\d+) /.exec(answer)?.[1]);
}

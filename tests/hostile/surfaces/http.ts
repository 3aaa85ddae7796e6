// Bytes at the HTTP port: requests that are none, contradict themselves, want other files, are too
// large, or carry a token or a body that is not right.
import { connect } from 'node:net';
import fc from 'fast-check';
import { fresh, Login } from '../../harness/Login.ts';
import { corpus } from '../corpus.ts';
import { jsonText, near } from '../inputs.ts';
import { RESET_EACH, reset } from '../reset.ts';
import { MiB, type Plan, type Surface } from '../Surface.ts';
import { besiege } from '../siege.ts';
import type { Victim } from '../Victim.ts';

/** Nothing comes for so long: the node waits for the rest of the request. */
const QUIET_MS = 150;
const GIVEN_UP_MS = 15_000;
const HEAD_END = '\r\n\r\n';

export const http: Surface = {
  name: 'http',
  what: 'raw bytes at the HTTP port: lines, headers, lengths, paths, tokens, cookies, bodies',
  inputs: { test: 600, fuzz: 10_000 },
  mayGrowBytes: 24 * MiB,
  run(plan: Plan) {
    const kept = corpus('http').map(({ bytes }) => bytes);
    let login: Promise<Login> | null = null;
    let turn = 0;
    return besiege<Buffer>(plan, {
      mayGrowBytes: http.mayGrowBytes,
      examples: kept,
      inputs: fc.oneof(near(kept), requests()),
      async try(victim, bytes) {
        login ??= Login.as(fresh('mallory'), victim.node);
        const request = withToken(bytes, (await login).token);
        if (turn++ % RESET_EACH === 0) return reset(victim.httpPort, request, turn % 3);
        return nameOf(await exchange(victim, request), request);
      },
    });
  },
};

/** Requests that are HTTP, with parts that are not what a route takes. */
function requests(): fc.Arbitrary<Buffer> {
  const name = fc.oneof(
    fc.constantFrom('lobby', 'a', 'A', '', '__proto__', '%2e%2e', '..', '%00', 'a%2fb', 'ä', '%E4'),
    fc.constantFrom(32, 33, 100, 101, 4000).map((length) => 'a'.repeat(length)),
  );
  const path = fc.oneof(
    name.map((room) => `/rooms/${room}/messages`),
    name.map((room) => `/me/rooms/${room}`),
    name.map((file) => `/ui/${file}`),
    fc.constantFrom('/login', '/me/inbox', '/ws', '/', '//', '/*', '/metrics', '/cluster/members'),
  );
  const parameter = fc
    .tuple(
      fc.constantFrom('since', 'before', 'limit', 'since[]', '__proto__', 'constructor', ''),
      fc.constantFrom(
        '0',
        '1',
        '-1',
        '501',
        '1e999',
        'NaN',
        '0x10',
        '%00',
        '%zz',
        '9007199254740993',
      ),
    )
    .map(([key, value]) => `${key}=${value}`);
  const header = fc.constantFrom(
    'Authorization: Bearer TOKEN',
    'Authorization: Bearer TOKENx',
    'Authorization: Bearer',
    'Cookie: chat-token=TOKEN',
    'Cookie: chat-token=TOKEN; chat-token=x',
    'Cookie: =; ;; chat-token',
    'Origin: http://evil',
    'Expect: 100-continue',
    'Range: bytes=0-0,1-1',
    'Accept-Encoding: gzip;q=NaN',
    'If-None-Match: *',
    'Connection: close',
    'Connection: Upgrade\r\nUpgrade: websocket',
    'Sec-WebSocket-Protocol: bearer.TOKEN',
    'X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https',
    'Content-Type: application/json; charset=utf-16',
  );
  const fields = ['user', 'id', 'text', 'room'];
  return fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PURGE'),
      path,
      query: fc.array(parameter, { maxLength: 3 }),
      token: fc.constantFrom('Authorization: Bearer TOKEN\r\n', ''),
      headers: fc.array(header, { maxLength: 3 }),
      body: fc.option(jsonText(fields, ['"ann"', '"an-id"', '"hello"']), { nil: undefined }),
    })
    .map(({ method, path: at, query, token, headers, body }) => {
      const target = query.length === 0 ? at : `${at}?${query.join('&')}`;
      const lines = ['Host: x', ...headers].map((line) => `${line}\r\n`).join('');
      const content =
        body === undefined
          ? '\r\n'
          : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}${token}${content}`);
    });
}

function withToken(bytes: Buffer, token: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('TOKEN', token), 'latin1');
}

/**
 * What the node answers until it has no more to say; a request that is cut off ends there.
 * @throws Error when the node hangs up without a word
 */
function exchange(victim: Victim, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(victim.httpPort, '127.0.0.1');
    const lost = setTimeout(() => {
      socket.destroy();
      reject(new Error('no end of the answer'));
    }, GIVEN_UP_MS);
    let answer = '';
    let quiet = setTimeout(() => socket.end(), QUIET_MS);
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      clearTimeout(quiet);
      // An upgrade that succeeded: this is no place to talk on.
      if (answer.startsWith('HTTP/1.1 101')) socket.destroy();
      else quiet = setTimeout(() => socket.end(), isWhole(answer) ? 0 : QUIET_MS);
    });
    socket.on('end', () => {
      if (answer === '' && !socket.writableEnded) reject(new Error('hung up without a word'));
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(quiet);
      clearTimeout(lost);
      resolve(answer);
    });
    socket.write(request);
  });
}

function isWhole(answer: string): boolean {
  const at = answer.lastIndexOf('HTTP/1.1 ');
  const head = answer.slice(at, answer.indexOf(HEAD_END, at));
  const body = answer.slice(at + head.length + HEAD_END.length);
  if (/^HTTP\/1.1 1/.test(head)) return false;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
}

/** The refusal among the answers, null when there is none. @throws Error for one without a code */
function nameOf(answer: string, request: Buffer): string | null {
  const isOfHead = /^\s*HEAD /.test(request.toString('latin1'));
  for (const [head, status] of answer.matchAll(/HTTP\/1\.1 ([2-5]\d\d) .*?\r\n\r\n/gs)) {
    if (Number(status) < 400) continue;
    if (!/^content-type: application\/problem\+json/im.test(head)) {
      throw new Error(`an answer without a code: ${JSON.stringify(answer)}`);
    }
    const body = answer.slice(answer.indexOf(head) + head.length);
    const code = /"code":"([\w-]+)"/.exec(body)?.[1];
    if (code === undefined && !isOfHead) throw new Error(`no code: ${JSON.stringify(answer)}`);
    if (code === 'internal') throw new Error(`the node failed: ${JSON.stringify(answer)}`);
    return `${status} ${code ?? '(HEAD)'}`;
  }
  return null;
}

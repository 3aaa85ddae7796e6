import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultLogger } from '../../src/actor/Logger.ts';
import { json, Problem } from '../../src/management/reply.ts';
import { answer, type Routes } from '../../src/management/router.ts';

const routes: Routes = {
  '/plain': { handle: () => json({ fine: true }) },
  '/search': { query: ['q'], handle: (query) => json({ q: query.get('q') }) },
  '/stream': {
    streams: true,
    handle: (_query, _request, response) => {
      response.end('streamed');
      return undefined;
    },
  },
  '/refuses': {
    handle: () => {
      throw new Problem(503, 'closed', 'Service unavailable', 'come back later', { hours: 2 });
    },
  },
  '/breaks': {
    handle: async () => {
      throw new Error('a secret of the house');
    },
  },
};
const log = defaultLogger('test', 'silent');
const server = createServer((request, response) => void answer(routes, log, request, response));
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test('answers GET with a body and HEAD without', async () => {
  const got = await fetch(`${url}/plain`);
  expect([got.status, await got.json()]).toEqual([200, { fine: true }]);
  expect(got.headers.get('cache-control')).toBe('no-store');
  const head = await fetch(`${url}/plain`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('sends no CORS header', async () => {
  const got = await fetch(`${url}/plain`, { headers: { origin: 'http://elsewhere.example' } });
  expect([...got.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test.each(['/', '/plain/', '/nowhere', '/__proto__', '/constructor'])(
  'answers 404 for %s',
  async (path) => {
    const got = await fetch(url + path);
    expect(got.status).toBe(404);
    expect(got.headers.get('content-type')).toBe('application/problem+json');
    expect(await got.json()).toMatchObject({ status: 404, code: 'no-route', title: 'Not found' });
  },
);

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('answers 405 for %s', async (method) => {
  const got = await fetch(`${url}/plain`, { method });
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(await got.json()).toMatchObject({ code: 'wrong-method' });
});

test('takes no HEAD where the answer is a stream', async () => {
  const got = await fetch(`${url}/stream`, { method: 'HEAD' });
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'GET']);
});

test.each(['/plain?a=1', '/search?other=1', '/search?q=1&q=2'])(
  'answers 400 for the query of %s',
  async (path) => {
    const got = await fetch(url + path);
    expect(got.status).toBe(400);
    expect(await got.json()).toMatchObject({ code: 'bad-query', status: 400 });
  },
);

test('decodes the query that it takes', async () => {
  const got = await fetch(`${url}/search?q=a%20b`);
  expect(await got.json()).toEqual({ q: 'a b' });
});

test('gives the members of a problem', async () => {
  const got = await fetch(`${url}/refuses`);
  expect(await got.json()).toEqual({
    type: 'about:blank',
    title: 'Service unavailable',
    status: 503,
    detail: 'come back later',
    code: 'closed',
    hours: 2,
  });
});

test('answers 500 without the reason when an endpoint breaks', async () => {
  const got = await fetch(`${url}/breaks`);
  expect(got.status).toBe(500);
  expect(await got.text()).not.toContain('secret');
});

import { once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { until } from '../../actor-ts/src/testkit/until.ts';
import { ViewDoor, type ViewedNode } from '../src/ViewDoor.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A node's management: says its name, and goes on sending at `/events`. */
async function node(name: string, more: Partial<ViewedNode> = {}): Promise<ViewedNode> {
  const server: Server = createServer((incoming, outgoing) => {
    outgoing.setHeader('x-node', name);
    if (incoming.url === '/events') outgoing.write('data: 1\n\n');
    else outgoing.end(`${name} ${incoming.method} ${incoming.url}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const management = (server.address() as AddressInfo).port;
  return { name, management, state: 'running', isReady: true, ...more };
}

async function door(nodes: ViewedNode[], refusal: string | null = null) {
  const acts: string[] = [];
  const act = (name: string, action: string) => {
    acts.push(`${action} ${name}`);
    return refusal;
  };
  const made = new ViewDoor({ nodes, act });
  const port = await made.listen(0);
  closers.push(() => made.close());
  return { door: made, url: `http://127.0.0.1:${port}`, port, acts };
}

const textOf = async (url: string) => (await fetch(url)).text();

/** Like fetch, with headers that fetch does not let one set. */
async function answerTo(port: number, headers: Record<string, string>, method = 'GET', path = '/') {
  const asked = request({ host: '127.0.0.1', port, method, path, headers }).end();
  const [answer] = await once(asked, 'response');
  answer.resume();
  return answer.statusCode as number;
}

test('passes on what a node answers, as it comes', async () => {
  const { url } = await door([await node('node1')]);
  const response = await fetch(`${url}/cluster/shards?type=room`);
  expect(response.headers.get('x-node')).toBe('node1');
  expect(await response.text()).toBe('node1 GET /cluster/shards?type=room');
  const events = await fetch(`${url}/events`);
  const { value } = await events.body!.getReader().read();
  expect(new TextDecoder().decode(value)).toBe('data: 1\n\n');
});

test('stays with the node that answers, and takes another one when it does not', async () => {
  const nodes = [await node('node1', { isReady: false }), await node('node2')];
  const { url } = await door(nodes);
  expect(await textOf(url)).toBe('node2 GET /');
  nodes[0] = { ...nodes[0]!, isReady: true };
  expect(await textOf(url)).toBe('node2 GET /');
  nodes[1] = { ...nodes[1]!, state: 'paused' };
  expect(await textOf(url)).toBe('node1 GET /');
  nodes[0] = { ...nodes[0]!, management: 1 }; // nobody listens there
  nodes[1] = { ...nodes[1]!, state: 'running' };
  expect(await textOf(url)).toBe('node2 GET /');
});

test('says when nobody answers', async () => {
  const { url } = await door([await node('node1', { state: 'stopped' })]);
  const response = await fetch(url);
  expect([response.status, await response.text()]).toEqual([
    503,
    'No node answers: they are starting, or gone.\n',
  ]);
});

test('ends what a node sends when it is dropped, and when it is told to pause it', async () => {
  const { door: made, url } = await door([await node('node1'), await node('node2')]);
  const ends = async (end: () => unknown) => {
    const events = await fetch(`${url}/events`);
    const rest = events.text().then(
      () => 'ended',
      () => 'broken off',
    );
    await end();
    return rest;
  };
  expect(await ends(() => made.drop('node1'))).toBe('broken off');
  const pause = () => fetch(`${url}/view/controls/node1/pause`, { method: 'POST' });
  expect(await ends(pause)).toBe('broken off');
});

test('goes on when a node answers a page that it has just dropped', async () => {
  const held: ServerResponse[] = [];
  const slow = createServer((_, outgoing) => void held.push(outgoing)).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  closers.push(() => slow.close());
  const { port: management } = slow.address() as AddressInfo;
  const { url, port, acts } = await door([{ ...(await node('node1')), management }]);
  const page = fetch(url).then(
    () => 'answered',
    () => 'broken off',
  );
  await until(() => held.length === 1);
  const buttons = connect(port, '127.0.0.1');
  closers.push(() => buttons.destroy());
  const asks = (what: string) => buttons.write(`${what} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  asks('GET /view/controls');
  await once(buttons, 'data');
  // Both in one turn, so that the door reads them in one turn, in this order.
  asks('POST /view/controls/node1/kill');
  held[0]!.end('late');
  expect(String((await once(buttons, 'data'))[0])).toMatch(/^HTTP\/1.1 200 /);
  expect([await page, acts]).toEqual(['broken off', ['kill node1']]);
  expect((await fetch(`${url}/view/controls`)).status).toBe(200);
});

test('tells what the nodes do, and does to them what it is asked', async () => {
  const { url, acts } = await door([await node('node1'), await node('node2', { state: 'paused' })]);
  expect(await (await fetch(`${url}/view/controls`)).json()).toEqual({
    nodes: [
      { name: 'node1', state: 'running' },
      { name: 'node2', state: 'paused' },
    ],
  });
  for (const action of ['kill', 'pause', 'resume', 'start']) {
    const { status } = await fetch(`${url}/view/controls/node2/${action}`, { method: 'POST' });
    expect(status).toBe(200);
  }
  await until(() => acts.length === 4);
  expect(acts).toEqual(['kill node2', 'pause node2', 'resume node2', 'start node2']);
});

test('says why it cannot be done', async () => {
  const { url } = await door([await node('node1')], 'node1 is the last one.');
  const response = await fetch(`${url}/view/controls/node1/kill`, { method: 'POST' });
  expect([response.status, await response.text()]).toEqual([409, 'node1 is the last one.\n']);
});

test.each([
  ['GET', '/view/controls/node1/kill', 405],
  ['POST', '/view/controls/node9/kill', 404],
  ['POST', '/view/controls/node1/dance', 404],
  ['POST', '/view/controls/node1/kill/now', 404],
  ['POST', '/cluster/members', 405],
  ['DELETE', '/view/controls', 405],
])('answers %s %s with %i, and does nothing', async (method, path, status) => {
  const { url, acts } = await door([await node('node1')]);
  const response = await fetch(url + path, { method });
  expect([response.status, acts]).toEqual([status, []]);
});

test('does nothing for pages of others, by whatever name they call it', async () => {
  const { port, acts } = await door([await node('node1')]);
  const own = `localhost:${port}`;
  const kill = ['POST', '/view/controls/node1/kill'] as const;
  expect(await answerTo(port, { host: 'evil.example' })).toBe(403);
  expect(await answerTo(port, { host: own, origin: 'http://evil.example' }, ...kill)).toBe(403);
  expect(await answerTo(port, { host: own, origin: 'http://localhost:3000' }, ...kill)).toBe(403);
  expect(await answerTo(port, { host: own, origin: 'null' }, ...kill)).toBe(403);
  expect(acts).toEqual([]);
  expect(await answerTo(port, { host: own, origin: `http://${own}` }, ...kill)).toBe(200);
  expect(acts).toEqual(['kill node1']);
});

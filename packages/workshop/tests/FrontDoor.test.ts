import { createHash, randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { Agent, createServer as createHttpServer, get, request } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../actor-ts/src/testkit/until.ts';
import type { FrontDoorOptions } from '../src/FrontDoor.ts';
import { FrontDoor } from '../src/FrontDoor.ts';
import { freePorts } from '../src/ports.ts';

const HOST = '127.0.0.1';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('FrontDoor', () => {
  it('sends each client to the node with the fewest connections', async () => {
    const { door, port } = await openDoor([await echoNode('a'), await echoNode('b')]);
    door.admit('a');
    for (let i = 0; i < 3; i++) await talk(port, 'x');
    expect(door.connections('a')).toBe(3);
    door.admit('b');
    for (let i = 0; i < 5; i++) await talk(port, 'x');
    expect([door.connections('a'), door.connections('b')]).toEqual([4, 4]);
  });

  it('takes turns among nodes with equally many', async () => {
    const nodes = [await httpNode('a'), await httpNode('b'), await httpNode('c')];
    const { door, port } = await openDoor(nodes);
    for (const { name } of nodes) door.admit(name);
    const answers: string[] = [];
    for (let i = 0; i < 6; i++) {
      answers.push((await fetchText(port)).body);
      await until(() => nodes.every(({ name }) => door.connections(name) === 0));
    }
    expect(answers.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  it('keeps a kept-alive connection on its node', async () => {
    const nodes = [await httpNode('a'), await httpNode('b')];
    const { door, port } = await openDoor(nodes);
    door.admit('a');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanups.push(() => agent.destroy());
    expect((await fetchText(port, agent)).body).toBe('a');
    door.admit('b');
    for (let i = 0; i < 3; i++) expect((await fetchText(port, agent)).body).toBe('a');
    expect(door.connections('a')).toBe(1);
  });

  it('tries the next node when one refuses, and tells', async () => {
    const refused: string[] = [];
    const [nobody] = await freePorts(1);
    const { door, port } = await openDoor(
      [{ name: 'gone', host: HOST, port: nobody! }, await httpNode('b')],
      { onRefused: (name) => refused.push(name) },
    );
    door.admit('gone');
    door.admit('b');
    for (let i = 0; i < 3; i++) expect((await fetchText(port)).body).toBe('b');
    expect(refused).toEqual(['gone']);
    expect(door.isAdmitted('gone')).toBe(false);
  });

  it('does not blame a node for the time that it was busy itself', async () => {
    const { door, port } = await openDoor([await httpNode('a')], { connectTimeoutMs: 10 });
    door.admit('a');
    const standStill = () =>
      queueMicrotask(() => {
        const until = performance.now() + 30;
        while (performance.now() < until);
      });
    subscribe('net.client.socket', standStill); // as soon as the door has begun to connect
    cleanups.push(() => unsubscribe('net.client.socket', standStill));
    for (let i = 0; i < 3; i++) expect((await fetchText(port)).body).toBe('a');
    expect(door.isAdmitted('a')).toBe(true);
  });

  it('loses no byte that a client sends before its node has accepted', async () => {
    const [nobody] = await freePorts(1);
    const { door, port } = await openDoor([
      { name: 'gone', host: HOST, port: nobody! },
      await echoNode('b'),
    ]);
    door.admit('gone');
    door.admit('b');
    const sent = randomBytes(300_000);
    const received = await exchange(port, sent);
    expect(digest(received)).toBe(digest(sent));
  });

  it('answers 503 as problem+json when no node is ready', async () => {
    const { port } = await openDoor([await httpNode('a')]);
    const { status, headers, body } = await fetchText(port);
    expect(status).toBe(503);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(headers['retry-after']).toBe('1');
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'no-node-ready' });
  });

  it('answers 503 when every admitted node refuses', async () => {
    const [nobody] = await freePorts(1);
    const { door, port } = await openDoor([{ name: 'gone', host: HOST, port: nobody! }]);
    door.admit('gone');
    expect((await fetchText(port)).status).toBe(503);
  });

  it('says nothing to a turned-away client that has not asked yet', async () => {
    const { port } = await openDoor([await httpNode('a')]);
    const client = await dial(port);
    client.end();
    expect(await readAll(client)).toHaveLength(0);
  });

  it('closes the connections of a dropped node and leaves the others alone', async () => {
    const { door, port } = await openDoor([await echoNode('a'), await echoNode('b')]);
    door.admit('a');
    const onA = await talk(port, 'x');
    door.withhold('a');
    door.admit('b');
    const onB = await talk(port, 'x');
    const closed = new Promise((resolve) => onA.once('close', resolve));
    door.drop('a');
    await closed;
    expect(door.connections('a')).toBe(0);
    expect(await say(onB, 'still here')).toBe('still here');
  });

  it('keeps the connections of a withheld node', async () => {
    const { door, port } = await openDoor([await echoNode('a')]);
    door.admit('a');
    const client = await talk(port, 'x');
    door.withhold('a');
    expect(await say(client, 'still here')).toBe('still here');
    expect((await fetchText(port)).status).toBe(503);
  });

  it('closes the client when its node closes', async () => {
    const node = await echoNode('a');
    const { door, port } = await openDoor([node]);
    door.admit('a');
    const client = await talk(port, 'x');
    const closed = new Promise((resolve) => client.once('close', resolve));
    for (const socket of node.sockets) socket.resetAndDestroy();
    await closed;
    await until(() => door.connections('a') === 0);
  });

  it('closes the node side when the client goes', async () => {
    const node = await echoNode('a');
    const { door, port } = await openDoor([node]);
    door.admit('a');
    const client = await talk(port, 'x');
    client.resetAndDestroy();
    await until(() => node.sockets.size === 0 && door.connections('a') === 0);
  });

  it('passes an upgrade through, Host and Origin untouched', async () => {
    const seen: IncomingMessage[] = [];
    const server = createHttpServer();
    server.on('upgrade', (message, socket) => {
      seen.push(message);
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n',
      );
      socket.pipe(socket);
    });
    const { door, port } = await openDoor([await serve('a', server)]);
    door.admit('a');
    const headers = {
      Host: 'chat.example:3000',
      Origin: 'http://chat.example:3000',
      Upgrade: 'echo',
      Connection: 'Upgrade',
    };
    const socket = await new Promise<Socket>((resolve, reject) => {
      request({ host: HOST, port, path: '/ws', headers })
        .once('upgrade', (_response, upgraded) => resolve(upgraded))
        .once('error', reject)
        .end();
    });
    cleanups.push(() => socket.destroy());
    expect(await say(socket, 'hello')).toBe('hello');
    expect(seen[0]?.headers).toMatchObject({ host: headers.Host, origin: headers.Origin });
  });

  it('reads from a fast sender only as fast as the other side takes it', async () => {
    const stuck = createServer((socket) => socket.pause());
    const { door, port } = await openDoor([await serve('a', stuck)]);
    door.admit('a');
    const client = await dial(port);
    const chunk = Buffer.alloc(1024 * 1024);
    // A write that is not taken within a quarter of a second has met the brakes.
    let taken = 0;
    while (await written(client, chunk, 250)) taken += chunk.length;
    expect(taken).toBeLessThan(64 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(64 * 1024 * 1024);
  });

  it('refuses new clients once it stops accepting, while open ones go on', async () => {
    const { door, port } = await openDoor([await echoNode('a')]);
    door.admit('a');
    const client = await talk(port, 'x');
    door.stopAccepting();
    await expect(dial(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await say(client, 'still here')).toBe('still here');
    const closed = new Promise((resolve) => client.once('close', resolve));
    await door.close();
    await closed;
  });

  it('turns clients away above its limit', async () => {
    const { door, port } = await openDoor([await echoNode('a')], { maxConnections: 2 });
    door.admit('a');
    await talk(port, 'x');
    await talk(port, 'x');
    const third = await dial(port);
    expect(await readAll(third)).toHaveLength(0);
    expect(door.connections('a')).toBe(2);
  });

  it('says which port is taken', async () => {
    const { port } = await openDoor([]);
    await expect(new FrontDoor([]).listen(port)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    });
  });
});

interface TestNode {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly sockets: Set<Socket>;
}

async function openDoor(
  nodes: readonly { name: string; host: string; port: number }[],
  options?: FrontDoorOptions,
): Promise<{ door: FrontDoor; port: number }> {
  const door = new FrontDoor(nodes, options);
  cleanups.push(() => door.close());
  return { door, port: await door.listen(0) };
}

function serve(name: string, server: Server): Promise<TestNode> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      resolve({ name, host: HOST, port: (server.address() as AddressInfo).port, sockets });
    });
  });
}

function echoNode(name: string): Promise<TestNode> {
  return serve(
    name,
    createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)),
  );
}

function httpNode(name: string): Promise<TestNode> {
  return serve(
    name,
    createHttpServer((_request, response) => response.end(name)),
  );
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, noDelay: true }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
    cleanups.push(() => socket.destroy());
  });
}

/** A connection over which `text` has come back, so its node is known to have it. */
async function talk(port: number, text: string): Promise<Socket> {
  const socket = await dial(port);
  socket.on('error', () => socket.destroy());
  await say(socket, text);
  return socket;
}

function say(socket: Socket, text: string): Promise<string> {
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
  });
  socket.write(text);
  return answer;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = await dial(port);
  socket.end(bytes);
  return readAll(socket);
}

function written(socket: Socket, chunk: Buffer, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), timeoutMs);
    socket.write(chunk, () => {
      clearTimeout(late);
      resolve(true);
    });
  });
}

function fetchText(
  port: number,
  agent = new Agent(),
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: HOST, port, agent }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode!, headers: response.headers, body });
    }).once('error', reject);
  });
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

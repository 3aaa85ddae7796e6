// The proxy through which a link is delayed.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from '../../packages/workshop/src/ports.ts';
import { DelayProxy } from '../harness/links/DelayProxy.ts';

const HOST = '127.0.0.1';
const DELAY_MS = 120;
/** Timers may come a moment early. */
const AT_LEAST_MS = DELAY_MS - 2;

const used: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of used.splice(0).reverse()) await end();
});

/** A server, behind a proxy, whose connections are handed to `serve`. */
async function behindProxy(serve: (socket: Socket) => void): Promise<DelayProxy> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    used.push(() => socket.destroy());
    serve(socket.on('error', () => undefined));
  });
  await once(server.listen(0, HOST), 'listening');
  used.push(() => server.close());
  const { port } = server.address() as { port: number };
  return proxyTo(port);
}

async function proxyTo(port: number): Promise<DelayProxy> {
  const proxy = await DelayProxy.listen(HOST, { host: HOST, port }, DELAY_MS);
  used.push(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

async function client({ at }: DelayProxy): Promise<Socket> {
  const socket = connect({ ...at, allowHalfOpen: true });
  used.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** With which error a connection ends. */
async function errorOf(socket: Socket): Promise<string | undefined> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  return error.code;
}

test('everything comes later in both directions, all of it, in its order, and so does the end', async () => {
  const proxy = await behindProxy((socket) => socket.pipe(socket));
  const socket = await client(proxy);
  const sent = Buffer.concat(Array.from({ length: 2000 }, (_, i) => Buffer.from(`${i} of 2000;`)));
  const began = performance.now();
  const first = once(socket, 'data').then(() => performance.now() - began);
  const all = buffer(socket);
  socket.write(sent.subarray(0, 7));
  socket.end(sent.subarray(7));
  expect(await first).toBeGreaterThan(2 * AT_LEAST_MS);
  expect((await all).equals(sent)).toBe(true);
});

test('what follows does not wait for what went before', async () => {
  const proxy = await behindProxy((socket) => socket.pipe(socket));
  const socket = await client(proxy);
  const began = performance.now();
  let echoed = 0;
  socket.on('data', (chunk: Buffer) => {
    echoed += chunk.length;
  });
  for (let i = 0; i < 10; i++) {
    socket.write('x');
    await delay(20);
  }
  await expect.poll(() => echoed, { interval: 5 }).toBe(10);
  expect(performance.now() - began, 'one delay for all of them').toBeLessThan(10 * 2 * DELAY_MS);
});

test('a sender that is faster than its receiver has to wait', async () => {
  const proxy = await behindProxy((socket) => socket.pause());
  const socket = await client(proxy);
  const mebibyte = Buffer.alloc(1024 * 1024);
  let taken = 0;
  for (let takesMore = true; takesMore && taken < 64; taken++) {
    if (socket.write(mebibyte)) continue;
    const drained = once(socket, 'drain').then(() => true);
    takesMore = await Promise.race([drained, delay(1000, false)]);
  }
  expect(taken, 'mebibytes that it took').toBeLessThan(40);
});

test('where nobody listens, its clients are reset', async () => {
  const [port] = (await freePorts(1)) as [number];
  expect(await errorOf(await client(await proxyTo(port)))).toBe('ECONNRESET');
});

test('a reset is passed on', async () => {
  const proxy = await behindProxy((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const socket = await client(proxy);
  socket.write('x');
  expect(await errorOf(socket)).toBe('ECONNRESET');
});

test('when it ends, both ends of a connection are reset and nobody listens any more', async () => {
  const server = Promise.withResolvers<Socket>();
  const proxy = await behindProxy((socket) => server.resolve(socket));
  const socket = await client(proxy);
  const ends = Promise.all([errorOf(socket), errorOf(await server.promise)]);
  await proxy[Symbol.asyncDispose]();
  expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET']);
  expect(await errorOf(connect(proxy.at))).toBe('ECONNREFUSED');
});

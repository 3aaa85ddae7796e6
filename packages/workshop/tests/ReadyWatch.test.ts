import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../actor-ts/src/testkit/until.ts';
import type { Readiness } from '../src/ReadyWatch.ts';
import { ReadyWatch } from '../src/ReadyWatch.ts';

const HOST = '127.0.0.1';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

describe('ReadyWatch', () => {
  it('says nothing of a node that starts until it is ready', async () => {
    const node = await startNode();
    node.answer = 503;
    const { changes } = watch(node.port);
    await until(() => node.asked > 2);
    expect(changes).toEqual([]);
    node.answer = 200;
    await until(() => changes.length > 0);
    expect(changes).toEqual(['ready']);
  });

  it('tells busy from gone', async () => {
    const node = await startNode();
    const { changes } = watch(node.port);
    await until(() => changes.length === 1);
    node.answer = 503;
    await until(() => changes.length === 2);
    node.stop();
    await until(() => changes.length === 3);
    expect(changes).toEqual(['ready', 'busy', 'gone']);
  });

  it('calls a node silent, then lost, when it does not answer, and ready when it does', async () => {
    const node = await startNode();
    const { changes } = watch(node.port);
    await until(() => changes.length === 1);
    node.answer = null;
    await until(() => changes.length === 3);
    node.answer = 200;
    await until(() => changes.length === 4);
    expect(changes).toEqual(['ready', 'silent', 'lost', 'ready']);
  });

  it('tells of a node that it was to forget once it is ready again', async () => {
    const node = await startNode();
    const { changes, watcher } = watch(node.port);
    await until(() => changes.length === 1);
    watcher.forget('node1');
    await until(() => changes.length === 2);
    expect(changes).toEqual(['ready', 'ready']);
  });
});

interface FakeNode {
  port: number;
  answer: number | null;
  asked: number;
  stop(): void;
}

async function startNode(): Promise<FakeNode> {
  const node: FakeNode = { port: 0, answer: 200, asked: 0, stop: () => {} };
  const server: Server = createServer((request, response) => {
    expect(request.url).toBe('/ready');
    node.asked++;
    if (node.answer !== null) response.writeHead(node.answer).end();
  });
  node.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  cleanups.push(node.stop);
  server.listen(0, HOST);
  await until(() => server.listening);
  node.port = (server.address() as AddressInfo).port;
  return node;
}

function watch(managementPort: number): { changes: Readiness[]; watcher: ReadyWatch } {
  const changes: Readiness[] = [];
  const nodes = [{ name: 'node1', host: HOST, managementPort }];
  const watcher = new ReadyWatch(nodes, {
    onChange: (_name, readiness) => changes.push(readiness),
    intervalMs: 10,
    startingIntervalMs: 10,
    timeoutMs: 150,
  });
  cleanups.push(() => watcher.close());
  return { changes, watcher };
}

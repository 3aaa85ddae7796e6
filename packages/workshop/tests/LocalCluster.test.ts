import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../actor-ts/src/testkit/until.ts';
import { LocalCluster } from '../src/LocalCluster.ts';
import type { NodeExit } from '../src/NodeProcess.ts';
import { freePorts } from '../src/ports.ts';

const PROGRAM = fileURLToPath(new URL('./fixtures/fakeNode.ts', import.meta.url));
const clusters: LocalCluster[] = [];
afterEach(() => {
  for (const cluster of clusters.splice(0)) cluster.kill();
});

describe('LocalCluster', () => {
  it('starts a dead node again on its old ports, and the front door sends it clients', async () => {
    const { cluster, events, port } = await start(2);
    process.kill(Number(await text(port, '/pid')), 'SIGKILL');
    await until(() => cluster.running.length === 1);
    const survivor = cluster.running[0]!.name;
    const dead = survivor === 'node1' ? 'node2' : 'node1';
    expect(events).toContain(`${dead} exited by SIGKILL`);
    expect(await text(port)).toBe(survivor);
    cluster.restart(dead);
    await until(async () => (await text(port)) === dead);
    expect(cluster.running.map(({ name }) => name)).toEqual(['node1', 'node2']);
  });

  it('kills a node that does not stop in time, and says so', async () => {
    const { cluster, events } = await start(2, { FAKE_IGNORES_SIGTERM: 'node2' });
    await cluster.stop(200);
    expect(events.slice(-5)).toEqual([
      'node2 stopping',
      'node2 exited by SIGKILL as asked',
      'node2 forced',
      'node1 stopping',
      'node1 exited with 0 as asked',
    ]);
  });

  it('stops a paused node too', async () => {
    const { cluster, events, port } = await start(1);
    process.kill(Number(await text(port, '/pid')), 'SIGSTOP');
    await cluster.stop();
    expect(events.at(-1)).toBe('node1 exited with 0 as asked');
  });

  it('kills all but the last on demand, however soon after each other', async () => {
    const { cluster } = await start(3);
    expect(cluster.act('node3', 'kill')).toBeNull();
    expect(cluster.act('node3', 'kill')).toBe('node3 does not run.');
    expect(cluster.act('node1', 'kill')).toBeNull();
    expect(cluster.act('node2', 'kill')).toBe('node2 is the last one that runs: Ctrl-C stops it.');
    await until(() => cluster.running.length === 1);
    expect(cluster.act('node1', 'start')).toBeNull();
    expect(cluster.act('node2', 'kill')).toBeNull();
  });

  it('takes its clients from a node that falls silent', async () => {
    const { events, port } = await start(2);
    const paused = Number(await text(port, '/pid'));
    process.kill(paused, 'SIGSTOP');
    await until(() => events.some((event) => event.endsWith('lost')));
    const answers = [await text(port, '/pid'), await text(port, '/pid')];
    expect(answers).not.toContain(String(paused));
    process.kill(paused, 'SIGCONT');
    await until(() => events.at(-1)?.endsWith('ready'));
  });
});

async function start(
  count: number,
  env: Record<string, string> = {},
): Promise<{ cluster: LocalCluster; events: string[]; port: number }> {
  const ports = await freePorts(count * 3);
  const events: string[] = [];
  const cluster = new LocalCluster(
    {
      program: PROGRAM,
      cwd: process.cwd(),
      nodes: Array.from({ length: count }, (_, i) => ({
        name: `node${i + 1}`,
        http: ports[i * 3]!,
        management: ports[i * 3 + 1]!,
        cluster: ports[i * 3 + 2]!,
      })),
      frontDoor: { host: '127.0.0.1', port: 0 },
      env: { ...env, JOURNAL: 'memory', CHAT_SECRET: 'not so secret' },
    },
    {
      line: () => {},
      up: () => events.push('up'),
      readiness: (node, readiness) => events.push(`${node} ${readiness}`),
      exited: (node, exit) => events.push(`${node} exited ${describeExit(exit)}`),
      stopping: (node) => events.push(`${node} stopping`),
      forced: (node) => events.push(`${node} forced`),
    },
  );
  clusters.push(cluster);
  const port = await cluster.start();
  await until(() => events.includes('up'));
  return { cluster, events, port };
}

function describeExit({ code, signal, asked }: NodeExit): string {
  return `${signal === null ? `with ${code}` : `by ${signal}`}${asked ? ' as asked' : ''}`;
}

async function text(port: number, path = '/'): Promise<string> {
  const url = `http://127.0.0.1:${port}${path}`;
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

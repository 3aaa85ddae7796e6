// Real processes over TCP: formation, kill -9, SIGTERM, SIGSTOP and SIGCONT, with default settings.
// The limits leave room for a busy machine; what is measured is printed with MEASURE=1.
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../src/testkit/until.ts';
import { allUp, ClusterProcess, freePorts } from './ClusterProcess.ts';

let ports: number[];
let nodes: ClusterProcess[] = [];

beforeAll(async () => {
  ports = await freePorts(3);
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.end()));
  nodes = [];
});

async function start(delaysMs: readonly number[] = [0, 0, 0]): Promise<ClusterProcess[]> {
  await Promise.all(
    ports.map(async (port, i) => {
      await new Promise((resolve) => setTimeout(resolve, delaysMs[i]));
      nodes.push(new ClusterProcess(port, ports));
    }),
  );
  nodes.sort((a, b) => a.port - b.port);
  await formed(nodes);
  return nodes;
}

async function formed(expected: readonly ClusterProcess[]): Promise<void> {
  const members = allUp(expected.map((node) => node.port));
  await until(() => expected.every((node) => node.members === members), {
    what: `${members} everywhere`,
    timeoutMs: 20_000,
  });
}

function measured(what: string, ms: number): number {
  if (process.env.MEASURE !== undefined) process.stderr.write(`${what}: ${Math.round(ms)} ms\n`);
  return ms;
}

/** When the last of `rest` heard that `node` has been removed; the list of members may say so first. */
async function removedAt(node: ClusterProcess, rest: readonly ClusterProcess[]): Promise<number> {
  const times = () => rest.map((other) => other.timeOf('MemberRemoved', node.port));
  await until(() => times().every((time) => time !== undefined), { what: 'MemberRemoved' });
  return Math.max(...times().map((time) => time!));
}

function upAfterLastReady(all: readonly ClusterProcess[]): number {
  const ready = Math.max(...all.map((node) => node.timeOf('ready')!));
  const up = Math.max(
    ...all.flatMap((node) => ports.map((port) => node.timeOf('MemberUp', port)!)),
  );
  return up - ready;
}

describe('three processes', () => {
  test.each([
    ['all at once', [0, 0, 0]],
    ['the first seed 300 ms late', [300, 0, 0]],
    ['the first seed two seconds late', [2000, 0, 0]],
    ['the last one late', [0, 0, 500]],
    ['one after the other', [0, 400, 800]],
  ])('form one cluster: %s', async (how, delays) => {
    const all = await start(delays);
    expect(measured(`formation, ${how}`, upAfterLastReady(all))).toBeLessThan(2000);
  });

  test.each([0, 1, 2])('node %i, killed, is removed at once and comes back as new', async (i) => {
    const all = await start();
    const victim = all[i]!;
    const rest = all.filter((node) => node !== victim);
    const at = Date.now();
    victim.signal('SIGKILL');
    await formed(rest);
    const removed = await removedAt(victim, rest);
    expect(measured('kill -9 to removed everywhere', removed - at)).toBeLessThan(2000);
    const again = new ClusterProcess(victim.port, ports);
    nodes.push(again);
    await formed([...rest, again]);
    const up = Math.max(...rest.map((node) => node.timeOf('MemberUp', victim.port)!));
    measured('restart to up', up - again.timeOf('ready')!);
    for (const node of rest) expect(node.timeOf('SelfRemoved')).toBeUndefined();
  });

  test('a node leaves on SIGTERM and exits without an error', async () => {
    const all = await start();
    const [leader, ...rest] = all;
    const at = Date.now();
    leader!.signal('SIGTERM');
    expect(await leader!.exit()).toBe(0);
    measured('SIGTERM to exit', Date.now() - at);
    await formed(rest);
    const removed = await removedAt(leader!, rest);
    expect(measured('SIGTERM to removed everywhere', removed - at)).toBeLessThan(2000);
    for (const node of rest) expect(node.timeOf('MemberDown')).toBeUndefined();
  });

  test('a node stopped for 3.5 s stays a member', async () => {
    const all = await start();
    all[0]!.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3500));
    all[0]!.signal('SIGCONT');
    await formed(all);
    for (const node of all) expect(node.timeOf('MemberDown')).toBeUndefined();
  });

  test('a node stopped for longer is removed, learns it, and comes back as new', async () => {
    const all = await start();
    const [stopped, ...rest] = all;
    const at = Date.now();
    stopped!.signal('SIGSTOP');
    await formed(rest);
    const removed = await removedAt(stopped!, rest);
    expect(measured('SIGSTOP to removed everywhere', removed - at)).toBeLessThan(9000);
    const continuedAt = Date.now();
    stopped!.signal('SIGCONT');
    await until(() => stopped!.timeOf('SelfRemoved'), { what: 'SelfRemoved' });
    measured('SIGCONT to SelfRemoved', stopped!.timeOf('SelfRemoved')! - continuedAt);
    await formed(all);
    measured('SIGCONT to up again', stopped!.timeOf('SelfUp')! - continuedAt);
  });
});

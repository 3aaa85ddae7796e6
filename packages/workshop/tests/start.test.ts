import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../actor-ts/src/testkit/until.ts';
import { freePorts, isFree } from '../src/ports.ts';
import { Runner } from './fixtures/Runner.ts';

describe('npm start', () => {
  it('says when the cluster is up and what to open, and both are true', async () => {
    await using runner = new Runner();
    const chat = await runner.up();
    expect(runner.output).toMatch(/The cluster is up: 3 members, after \d+\.\d s\./);
    expect(await textOf(chat)).toMatch(/^node[123]$/);
    const [, view] = await runner.said(/the view {3}(http:\S+)/);
    const [, members] = await runner.said(/members {4}(http:\S+)/);
    for (const url of [members!, `${view}/cluster/members`]) {
      const answer = (await (await fetch(url)).json()) as { members: { status: string }[] };
      expect(answer.members.map((member) => member.status)).toEqual(['up', 'up', 'up']);
    }
    await runner.said(/Ctrl-C stops everything in order/);
  });

  it('starts as many nodes as asked, on consecutive ports', async () => {
    const first = await twoPorts();
    await using runner = new Runner({
      args: ['--nodes=2', '--port=0', `--http-port=${first}`, '--management-port=0'],
      env: { WORKSHOP_CLUSTER_PORT: '0' },
    });
    await runner.up();
    expect(runner.output).toContain('2 members');
    expect(await textOf(`http://127.0.0.1:${first}`)).toBe('node1');
    expect(await textOf(`http://127.0.0.1:${first + 1}`)).toBe('node2');
  });

  it("begins each of a node's lines with its name, short and without colour off a terminal", async () => {
    await using runner = new Runner();
    await runner.up();
    await runner.said(/^node2 │ is ready journal=sqlite:\S+chat\.db secretLength=43$/m);
    expect(runner.output).not.toContain('\u001b');
  });

  it('paints the names when colour is wanted', async () => {
    await using runner = new Runner({ env: { FORCE_COLOR: '1' } });
    await runner.up();
    await until(() => runner.output.includes('\u001b[36mnode1 │\u001b[39m is ready'));
  });

  it('names a taken port, who holds it and the remedy, and starts nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    await using runner = new Runner({
      args: [
        '--nodes=1',
        '--port=0',
        '--http-port=0',
        '--cluster-port=0',
        `--management-port=${port}`,
      ],
    });
    expect(await runner.exit).toMatchObject({ code: 2 });
    server.close();
    expect(runner.output).toContain(`Port ${port}, for node1's management, is taken`);
    expect(runner.output).toContain('npm start -- --management-port ');
    expect(runner.output).toContain('Nothing was started.');
    expect(runner.output).not.toContain('is ready');
    if (process.platform === 'linux') {
      expect(runner.output).toContain(`by process ${process.pid} (`);
      expect(runner.output).toContain(`kill ${process.pid}`);
    }
  });

  it('refuses a second run on the same data', async () => {
    await using first = new Runner();
    await first.up();
    const second = new Runner({ dir: first.dir });
    expect(await second.exit).toMatchObject({ code: 2 });
    expect(second.output).toContain('Another run uses');
  });

  it('refuses a bad flag with one line that names it', async () => {
    await using runner = new Runner({ args: ['--port=abc'] });
    expect(await runner.exit).toMatchObject({ code: 2 });
    expect(runner.output).toBe('--port takes a whole number from 0 to 65535, got "abc".\n');
  });

  it('makes a secret once, for this user only', async () => {
    await using first = new Runner();
    const file = join(first.dir, 'secret');
    await first.up();
    const secret = readFileSync(file, 'utf8');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    first.child.kill('SIGINT');
    await first.exit;
    const second = new Runner({ dir: first.dir });
    await second.up();
    expect(readFileSync(file, 'utf8')).toBe(secret);
    expect(second.output).not.toContain(secret.trim());
    second.child.kill('SIGINT');
    await second.exit;
    writeFileSync(file, 'short');
    const third = new Runner({ dir: first.dir });
    expect(await third.exit).toMatchObject({ code: 2 });
    expect(third.output).toContain('Delete it');
  });

  it('stops in order on Ctrl-C: the front door first, then the nodes, the oldest last', async () => {
    await using runner = new Runner();
    await runner.up();
    runner.child.kill('SIGINT');
    expect(await runner.exit).toEqual({ code: 0, signal: null });
    const order = runner.lines.filter((line) => /leaving|stopped|Stopping/.test(line));
    expect(order).toEqual([
      'chat  │ Stopping: the front door takes nobody new.',
      'node3 │ leaving',
      'chat  │ node3 has stopped.',
      'node2 │ leaving',
      'chat  │ node2 has stopped.',
      'node1 │ leaving',
      'chat  │ node1 has stopped.',
      'chat  │ All stopped. The data is kept for the next start.',
    ]);
  });

  it('takes the two signals that npm makes of one Ctrl-C for one', async () => {
    await using runner = new Runner();
    await runner.up();
    runner.child.kill('SIGINT');
    runner.child.kill('SIGINT');
    expect(await runner.exit).toEqual({ code: 0, signal: null });
    expect(runner.output).toContain('All stopped.');
  });

  it('stops at once on a second Ctrl-C', async () => {
    await using runner = new Runner({ env: { FAKE_IGNORES_SIGTERM: 'node3' } });
    const pids = await pidsOf(runner);
    runner.child.kill('SIGINT');
    await runner.said(/node3 │ leaving/);
    // Well after the first, as a person's would be; before that it counts as the same Ctrl-C.
    await until(() => {
      runner.child.kill('SIGINT');
      return runner.output.includes('Stopping at once.');
    });
    await runner.exit;
    await until(() => pids.every((pid) => !isAlive(pid)));
  });

  it('says when a node dies, and its clients go to the others at once', async () => {
    await using runner = new Runner();
    const chat = await runner.up();
    const victim = await textOf(chat);
    const pid = Number(await (await fetch(`${chat}/pid`)).text());
    process.kill(pid, 'SIGKILL');
    const [, died] = await runner.said(/(node\d) ended on its own: killed by SIGKILL\./);
    await runner.said(/The front door sends its clients to node\d and node\d\./);
    const answers = await Promise.all(Array.from({ length: 8 }, () => textOf(chat)));
    expect(answers).not.toContain(died);
    expect(answers.every((answer) => /^node[123]$/.test(answer))).toBe(true);
    expect(victim).toMatch(/^node/);
  });

  it('says when a node falls silent, and when it is back', async () => {
    await using runner = new Runner();
    const [pid] = await pidsOf(runner);
    process.kill(pid!, 'SIGSTOP');
    await runner.said(/node\d does not answer; the front door sends its clients elsewhere\./);
    process.kill(pid!, 'SIGCONT');
    await runner.said(/node\d takes clients again\./);
  });

  it('kills, pauses and starts nodes for who looks at the view', async () => {
    await using runner = new Runner();
    const chat = await runner.up();
    const [, view] = await runner.said(/the view {3}(http:\S+)/);
    const act = async (name: string, action: string) => {
      const { status } = await fetch(`${view}/view/controls/${name}/${action}`, { method: 'POST' });
      return status;
    };
    const states = async () => {
      const { nodes } = (await (await fetch(`${view}/view/controls`)).json()) as any;
      return nodes.map(({ state }: { state: string }) => state);
    };
    expect(await act('node2', 'kill')).toBe(200);
    await runner.said(/node2 ended on its own: killed by SIGKILL\./);
    expect(await states()).toEqual(['running', 'stopped', 'running']);
    expect(await act('node2', 'pause')).toBe(409);
    expect(await act('node2', 'start')).toBe(200);
    expect(await act('node2', 'start')).toBe(409);
    await runner.said(/node2 takes clients again\./);

    expect(await act('node1', 'pause')).toBe(200);
    await runner.said(/node1 does not answer; the front door sends its clients elsewhere\./);
    expect(await states()).toEqual(['paused', 'running', 'running']);
    expect((await fetch(`${view}/cluster/members`)).status).toBe(200);
    expect(await act('node1', 'resume')).toBe(200);
    await runner.said(/node1 takes clients again\./);

    expect([await act('node1', 'kill'), await act('node2', 'kill')]).toEqual([200, 200]);
    await until(async () => (await states()).filter((s: string) => s === 'stopped').length === 2);
    expect(await act('node3', 'kill')).toBe(409);
    expect(await textOf(chat)).toBe('node3');
  });

  it('tells of a node that leaves with an error, and stops when none is left', async () => {
    await using runner = new Runner({
      args: ['--nodes=1', '--port=0', '--http-port=0', '--management-port=0', '--cluster-port=0'],
    });
    const chat = await runner.up();
    await fetch(`${chat}/exit`).catch(() => 'it breaks off: that is what we asked for');
    expect(await runner.exit).toMatchObject({ code: 1 });
    expect(runner.output).toContain('node1 ended on its own: exit code 7.');
    expect(runner.output).toContain('No node is left');
  });

  it('shows why a node cannot start, and stops the others', async () => {
    await using runner = new Runner({ env: { FAKE_FAILS_TO_START: 'node2' } });
    expect(await runner.exit).toMatchObject({ code: 1 });
    expect(runner.output).toContain('node2 │ CLUSTER_PORT takes a port number');
    expect(runner.output).toContain('node2 ended on its own: exit code 3.');
    expect(runner.output).toContain('The cluster did not come up');
  });

  it('leaves no process behind when it is killed itself', async () => {
    await using runner = new Runner();
    const pids = await pidsOf(runner);
    expect(pids).toHaveLength(3);
    runner.child.kill('SIGKILL');
    await until(() => pids.every((pid) => !isAlive(pid)));
  });

  it('stops in order when the npm that started it is killed', async () => {
    // A program between this test and the runner stands for npm.
    await using runner = new Runner({
      env: { npm_lifecycle_event: 'start' },
      command: ['-e', SPAWN_AND_WAIT, new URL('./fixtures/startFake.ts', import.meta.url).pathname],
    });
    const pids = await pidsOf(runner);
    runner.child.kill('SIGKILL');
    await until(() => pids.every((pid) => !isAlive(pid)));
    await runner.said(/All stopped\./);
  });
});

const SPAWN_AND_WAIT = `require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })`;

async function textOf(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text();
}

/** The process ids of the run's nodes, as it names them, one in a line: the output comes in pieces. */
async function pidsOf(runner: Runner): Promise<number[]> {
  const [, count] = await runner.said(/The cluster is up: (\d+) member/);
  return until(() => {
    const named = [...runner.output.matchAll(/\(process (\d+)\)/g)];
    if (named.length < Number(count)) return undefined;
    return named.map(([, pid]) => Number(pid));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** The first of two free ports in a row. */
async function twoPorts(): Promise<number> {
  return until(async () => {
    const [port] = await freePorts(1);
    return (await isFree(port! + 1, '127.0.0.1')) ? port : undefined;
  });
}

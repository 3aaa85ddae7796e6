import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { freePorts } from '../../src/ports.ts';
import { Runner } from '../fixtures/Runner.ts';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const SCRIPT = fileURLToPath(new URL('../fixtures/runSmall.ts', import.meta.url));
const BIN = fileURLToPath(new URL('../../bin/workshop.js', import.meta.url));

describe('npm run step:1', () => {
  it('runs one process, whose unsolved parts answer by name', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    await using runner = started(small, ['step', '1'], ['--port=0']);
    const response = await fetch(await runner.up());
    expect(response.status).toBe(501);
    expect(await response.text()).toMatch(/^exercise 1\.1 is not solved yet: add two numbers/);
    expect(runner.output).toContain('Step 1  Numbers: your version');
    expect(runner.output).toContain('2 of 2 exercises stand as TODO');
  });

  it('stops at Ctrl-C', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    await using runner = started(small, ['step', '1'], ['--port=0']);
    await runner.up();
    runner.child.kill('SIGINT');
    expect(await runner.exit).toEqual({ code: 0, signal: null });
    expect(runner.output).toContain('Stopped.');
  });

  it('names a taken port, and starts nothing', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    await using runner = started(small, ['step', '1'], [`--port=${port}`]);
    expect(await runner.exit).toMatchObject({ code: 2 });
    server.close();
    expect(runner.output).toContain(`Port ${port} is taken`);
    expect(runner.output).toContain('Nothing was started.');
  });

  it('ends with what the program said last when it fails', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    small.write('steps/01-numbers/src/main.ts', "throw new Error('no such thing');\n");
    await using runner = started(small, ['step', '1'], ['--port=0']);
    expect(await runner.exit).toMatchObject({ code: 1 });
    expect(runner.output).toMatch(/no such thing[\s\S]*It ended on its own, with code 1/);
  });

  it('says how to get a step that is not there', async () => {
    using small = new SmallWorkshop();
    await using runner = started(small, ['step', '1'], ['--port=0']);
    expect(await runner.exit).toMatchObject({ code: 2 });
    expect(runner.output).toContain('Next: npm run reset:1');
  });
});

describe('npm run solution:1', () => {
  it('runs the solution', async () => {
    using small = new SmallWorkshop();
    await using runner = started(small, ['solution', '1'], ['--port=0']);
    expect(await (await fetch(await runner.up())).text()).toBe('5');
    expect(runner.output).toContain('Step 1  Numbers: the solution');
  });
});

describe('npm run step:2', () => {
  it('runs three nodes behind a front door, as processes', async () => {
    using small = new SmallWorkshop();
    small.addNodes();
    await small.run('generate');
    const ports = ['port', 'http-port', 'management-port', 'cluster-port'].map((p) => `--${p}=0`);
    await using runner = started(small, ['step', '2'], ['--processes', ...ports]);
    expect(await (await fetch(await runner.up())).text()).toMatch(/^node[123]$/);
    expect(runner.output).toContain('3 members');
  });

  it('says before the cluster is up where to look at it', async () => {
    using small = new SmallWorkshop();
    small.addNodes();
    await small.run('generate');
    const [port] = await freePorts(1);
    const ports = ['--port=0', '--http-port=0', '--cluster-port=0', '--management-port=0'];
    ports.push(`--view-port=${port}`);
    await using runner = started(small, ['step', '2'], ['--processes', '--nodes=1', ...ports]);
    await runner.up();
    const [early] = runner.output.split('Starting 1 node');
    expect(early).toContain(`The view of the cluster: http://localhost:${port}\n`);
    await runner.said(new RegExp(`the view   http://localhost:${port}$`, 'm'));
  });
});

describe('the command line', () => {
  it('lists the commands for a name that is none', async () => {
    const { code, said } = await workshop(['tset']);
    expect(code).toBe(2);
    expect(said).toContain('There is no command tset.');
    expect(said).toMatch(/^ {2}start /m);
    expect(said).toMatch(/^ {2}hint /m);
  });

  it('is painted when colour is wanted, and never with NO_COLOR', async () => {
    const { said } = await workshop([], { FORCE_COLOR: '1', NO_COLOR: undefined });
    expect(said).toContain('Next: \u001b[36mnpm run progress\u001b[39m');
    const plain = await workshop([], { FORCE_COLOR: '1', NO_COLOR: '1' });
    expect(plain.said).not.toContain('\u001b');
  });
});

async function workshop(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, said };
}

/** Runner adds the folder for data, and what else is told. */
function started(small: SmallWorkshop, command: readonly string[], args: readonly string[]) {
  return new Runner({ command: [SCRIPT, small.root, ...command], args });
}

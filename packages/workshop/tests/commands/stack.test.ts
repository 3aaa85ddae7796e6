import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { Runner } from '../fixtures/Runner.ts';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const SCRIPT = fileURLToPath(new URL('../fixtures/runSmall.ts', import.meta.url));
const FAKE_DOCKER = fileURLToPath(new URL('../fixtures/fakeDocker.sh', import.meta.url));
const ANY_PORT = ['--port=0', '--http-port=0', '--management-port=0', '--cluster-port=0'];

/** A workshop whose second step has a Compose file, on a machine whose `docker` is a script. */
class Stack implements AsyncDisposable {
  readonly small = new SmallWorkshop();
  readonly #bin = join(this.small.root, 'bin');
  #runner: Runner | null = null;

  constructor() {
    this.small.addNodes();
    this.small.write('solutions/02-nodes/docker-compose.yml', 'services: {}\n');
    mkdirSync(this.#bin);
    symlinkSync(FAKE_DOCKER, join(this.#bin, 'docker'));
  }

  run(args: readonly string[] = ANY_PORT, env: Readonly<Record<string, string>> = {}): Runner {
    this.#runner = new Runner({
      command: [SCRIPT, this.small.root, 'solution', '2'],
      args,
      env: {
        PATH: `${this.#bin}${delimiter}${process.env.PATH}`,
        FAKE_DOCKER_CALLS: join(this.small.root, 'calls'),
        ...env,
      },
    });
    return this.#runner;
  }

  /** What Docker was asked, and with which port. */
  get calls(): readonly string[] {
    return this.small.read('calls').trim().split('\n');
  }

  get env(): string {
    return join(this.small.root, 'solutions/02-nodes/.env');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner?.[Symbol.asyncDispose]();
    this.small[Symbol.dispose]();
  }
}

describe('a step with a Compose file', () => {
  it('runs in containers, with a secret of its own, until Ctrl-C', async () => {
    await using stack = new Stack();
    const runner = stack.run();
    await runner.said(/the chat {3}http:\/\/localhost:43000/);
    await runner.said(/the view {3}http:\/\/localhost:48551$/m);
    await runner.said(/members {4}http:\/\/localhost:48551\/cluster\/members/);
    await runner.said(/^node1 +│ node1 is ready$/m);
    await runner.said(/^cassandra +│ ERROR a thing to know$/m);
    expect(runner.output).not.toContain('a thing among a thousand');
    expect(readFileSync(stack.env, 'utf8')).toMatch(/^CHAT_SECRET=[\w-]{43}\n$/);
    expect(stack.calls).toContain('CHAT_PORT=0 compose up --detach --build --remove-orphans');
    runner.child.kill('SIGINT');
    expect(await runner.exit).toEqual({ code: 0, signal: null });
    expect(stack.calls.at(-1)).toMatch(/compose down$/);
    expect(runner.output).toContain('The data is kept');
  });

  it('starts more nodes when it is told so', async () => {
    await using stack = new Stack();
    const runner = stack.run([...ANY_PORT, '--nodes=5']);
    await runner.said(/stack is up.*: 5 nodes/);
    expect(stack.calls.some((call) => call.endsWith('--scale more=2'))).toBe(true);
  });

  it('shows what the containers said last when they do not come up, and takes them down', async () => {
    await using stack = new Stack();
    const runner = stack.run(ANY_PORT, { FAKE_UP: '1' });
    expect(await runner.exit).toEqual({ code: 1, signal: null });
    expect(runner.output).toMatch(/did not come up[\s\S]*ERROR a thing to know/);
    expect(stack.calls.at(-1)).toMatch(/compose down$/);
  });

  it('starts nothing when a port is taken', async () => {
    await using stack = new Stack();
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    const runner = stack.run([`--port=${port}`, '--management-port=0']);
    expect(await runner.exit).toMatchObject({ code: 2 });
    server.close();
    expect(runner.output).toContain(`Port ${port} is taken`);
    expect(stack.calls.filter((call) => call.includes('compose up'))).toEqual([]);
  });

  it('runs as processes when it is told so', async () => {
    await using stack = new Stack();
    const runner = stack.run(['--processes', ...ANY_PORT]);
    expect(await (await fetch(await runner.up())).text()).toMatch(/^node[123]$/);
    expect(existsSync(join(stack.small.root, 'calls'))).toBe(false);
    expect(existsSync(stack.env)).toBe(false);
  });

  it('runs as processes when no engine answers, and says why', async () => {
    await using stack = new Stack();
    const runner = stack.run(ANY_PORT, { FAKE_ENGINE: 'off' });
    expect(await (await fetch(await runner.up())).text()).toMatch(/^node[123]$/);
    expect(runner.output).toContain('no engine answers');
    expect(runner.output).toContain('So it runs as processes');
  });
});

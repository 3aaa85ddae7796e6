// Step 6 in containers: its Compose file brought up at this terminal, and down again by Ctrl-C.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Console } from '../Console.ts';
import { terminalColors } from '../colors.ts';
import { Compose } from '../compose/Compose.ts';
import { isWorthShowing, parseLine } from '../compose/logs.ts';
import { ensureSecret } from '../compose/secret.ts';
import { WorkshopError } from '../errors.ts';
import { findHolder, isFree, LOOPBACK } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { fromHere } from '../text.ts';
import { typedCommand } from '../typed.ts';

/** The nodes that the Compose file names; more are copies of `more`. */
const NAMED_NODES = 3;
const SPEAKERS = ['node1', 'node2', 'node3', 'nginx', 'cassandra'];
/** What the containers said last, when they do not come up. */
const LAST_LINES = '15';
/** npm passes on a Ctrl-C that the terminal has told already. */
const SAME_CTRL_C_MS = 1_000;

/** Runs until Ctrl-C. @returns 0 stopped as asked, 1 it did not come up or went by itself */
export async function runStack(dir: string, settings: Settings): Promise<number> {
  if (settings.nodes < NAMED_NODES) {
    throw new WorkshopError(`--nodes takes ${NAMED_NODES} or more: the Compose file names them.`);
  }
  const compose = new Compose(dir, {
    CHAT_PORT: String(settings.port),
    MANAGEMENT_PORT: String(settings.managementPort),
  });
  const console = new Console(
    SPEAKERS.map((name) => ({ name, address: `${name}.cluster:2551` })),
    terminalColors(),
  );
  const written = ensureSecret(dir);
  if (written !== null) console.say(`Wrote a secret to ${fromHere(written)}.`);
  const isUp = (await compose.ask('ps', '--quiet')) !== '';
  if (!isUp) await checkPorts(settings);
  return await new Stack(compose, console, settings).untilStopped();
}

/** Docker says it too, but half way, and without saying who has it. @throws WorkshopError */
async function checkPorts({ port, managementPort }: Settings): Promise<void> {
  for (const [flag, wanted] of Object.entries({ port, 'management-port': managementPort })) {
    if (wanted === 0 || (await isFree(wanted, LOOPBACK))) continue;
    const holder = process.platform === 'linux' ? findHolder(wanted) : null;
    const by = holder === null ? '' : ` by process ${holder.pid} (${holder.command})`;
    throw new WorkshopError(
      `Port ${wanted} is taken${by}.\n` +
        `  Stop what holds it, or choose another: ${typedCommand()} -- --${flag} ${wanted + 1_000}\n` +
        'Nothing was started.',
    );
  }
}

class Stack {
  readonly #compose: Compose;
  readonly #console: Console;
  readonly #settings: Settings;
  readonly #stop = new AbortController();
  #stopAskedAt: number | null = null;

  constructor(compose: Compose, console: Console, settings: Settings) {
    this.#compose = compose;
    this.#console = console;
    this.#settings = settings;
  }

  async untilStopped(): Promise<number> {
    const unhook = this.#hookSignals();
    try {
      const code = await this.#upUntilStopped();
      const down = await this.#compose.run(['down']);
      if (down !== 0) this.#console.warn('Not all is gone: `docker compose ps` says what is left.');
      else if (code === 0) {
        this.#console.say('All stopped. The data is kept in the volume for the next start.');
      }
      return down === 0 ? code : 1;
    } finally {
      unhook();
    }
  }

  async #upUntilStopped(): Promise<number> {
    const startedAt = performance.now();
    const more = this.#settings.nodes - NAMED_NODES;
    this.#console.say('Building the image and starting the containers; Cassandra takes its time.');
    const scale = more === 0 ? [] : ['--scale', `more=${more}`];
    const up = await this.#compose.run(
      ['up', '--detach', '--build', '--remove-orphans', ...scale],
      this.#stop.signal,
    );
    if (this.#stopAskedAt !== null) return 0;
    if (up !== 0) {
      this.#console.warn('The stack did not come up. What its containers said last:');
      await this.#show('--tail', LAST_LINES);
      return 1;
    }
    await this.#sayItIsUp(startedAt);
    await this.#show('--follow', '--since', '5m');
    if (this.#stopAskedAt !== null) return 0;
    this.#console.warn('No container is left: somebody else stopped them.');
    return 1;
  }

  async #sayItIsUp(startedAt: number): Promise<void> {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const door = await this.#published('nginx', '3000');
    const management = await this.#published('node1', '8551');
    this.#console.say(
      [
        `The stack is up, after ${seconds} s: ${this.#settings.nodes} nodes, Cassandra and Nginx.`,
        '',
        `  the chat   http://localhost:${door}`,
        `  the view   http://localhost:${management}`,
        `  members    http://localhost:${management}/cluster/members`,
        `  the rest   cd ${fromHere(this.#compose.dir)}; docker compose ps`,
        '             docker compose kill node2, and back: docker compose start node2',
        '',
        'Ctrl-C stops everything in order; a second Ctrl-C at once.',
      ].join('\n'),
    );
  }

  /** The port of this machine that leads to the service's. */
  async #published(service: string, port: string): Promise<string> {
    const address = await this.#compose.ask('port', service, port);
    return address.slice(address.lastIndexOf(':') + 1);
  }

  /** Shows the containers' output until it ends, or until Ctrl-C. */
  async #show(...which: readonly string[]): Promise<void> {
    const logs = this.#compose.follow('logs', '--no-color', ...which);
    const end = () => logs.kill();
    this.#stop.signal.addEventListener('abort', end);
    createInterface({ input: logs.stdout! }).on('line', (text) => {
      const said = parseLine(text);
      if (said !== null && isWorthShowing(said)) this.#console.node(said.who, 'stdout', said.line);
    });
    logs.stderr!.resume();
    await once(logs, 'close');
    this.#stop.signal.removeEventListener('abort', end);
  }

  #hookSignals(): () => void {
    const stop = () => {
      const now = performance.now();
      if (this.#stopAskedAt === null) {
        this.#stopAskedAt = now;
        this.#console.say(
          'Stopping: Nginx first, then the nodes, which hand over, then Cassandra.',
        );
        this.#stop.abort();
      } else if (now - this.#stopAskedAt > SAME_CTRL_C_MS) {
        this.#console.warn('Stopping at once.');
        void this.#compose.run(['kill']);
      }
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, stop);
    return () => {
      for (const signal of signals) process.off(signal, stop);
    };
  }
}

// `npm start`: the finished chat on this machine, three nodes behind one front door.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Console } from './Console.ts';
import { terminalColors } from './colors.ts';
import { WorkshopError } from './errors.ts';
import type { ClusterListener } from './LocalCluster.ts';
import { LocalCluster } from './LocalCluster.ts';
import type { NodeExit } from './NodeProcess.ts';
import type { Ports } from './ports.ts';
import { LOOPBACK, planPorts } from './ports.ts';
import type { Readiness } from './ReadyWatch.ts';
import type { Settings } from './settings.ts';
import { helpText, readSettings } from './settings.ts';
import { fromHere } from './text.ts';
import { typedCommand } from './typed.ts';
import { ViewDoor } from './ViewDoor.ts';
import { whatAnswers } from './whatAnswers.ts';
import type { WorkshopDir } from './workshopDir.ts';
import { openWorkshopDir } from './workshopDir.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CHAT = fileURLToPath(
  new URL('../../../solutions/06-cluster-compose/src/main.ts', import.meta.url),
);

/** After this long without a cluster the person is told what is missing. */
const SLOW_START_MS = 15_000;
/**
 * npm passes Ctrl-C on to a program that the terminal has told already: that is one, not two. A busy
 * machine may take a while between them.
 */
const SAME_CTRL_C_MS = 1_000;
const PARENT_CHECK_MS = 500;

/** Runs until Ctrl-C; resolves with the exit code: 0 stopped as asked, 1 nodes failed, 2 not started. */
export async function start(args: readonly string[], program = CHAT): Promise<number> {
  try {
    const settings = readSettings(args, process.env);
    if (settings.help) {
      process.stdout.write(`${helpText(typedCommand())}\n`);
      return 0;
    }
    const ports = await planPorts(settings);
    const dir = openWorkshopDir(settings.dir);
    try {
      return await new Run(program, settings, ports, dir).untilStopped();
    } finally {
      dir.release();
    }
  } catch (error) {
    if (!(error instanceof WorkshopError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

/** One run: what the cluster tells goes to the console, what the person does goes to the cluster. */
class Run implements ClusterListener {
  readonly #program: string;
  readonly #settings: Settings;
  readonly #ports: Ports;
  readonly #dir: WorkshopDir;
  readonly #console: Console;
  readonly #cluster: LocalCluster;
  readonly #view: ViewDoor;
  readonly #ended = Promise.withResolvers<number>();
  readonly #startedAt = performance.now();
  /** Nodes whose going was told, and whose coming back is therefore news. */
  readonly #away = new Set<string>();
  #stopAskedAt: number | null = null;
  #port = 0;

  constructor(program: string, settings: Settings, ports: Ports, dir: WorkshopDir) {
    const { nodes, view } = ports;
    this.#program = program;
    this.#settings = settings;
    this.#ports = ports;
    this.#dir = dir;
    this.#console = new Console(
      nodes.map(({ name, cluster }) => ({ name, address: `${LOOPBACK}:${cluster}` })),
      terminalColors(),
    );
    this.#cluster = new LocalCluster(
      {
        program,
        cwd: ROOT,
        nodes,
        frontDoor: { host: settings.host, port: settings.port },
        env: {
          CHAT_SECRET: process.env.CHAT_SECRET || dir.secret,
          VIEW_URL: `http://localhost:${view}`,
          JOURNAL: process.env.JOURNAL || `sqlite:${dir.data}/chat.db`,
          NODE_COMPILE_CACHE: dir.compileCache,
        },
      },
      this,
    );
    this.#view = new ViewDoor(this.#cluster);
  }

  async untilStopped(): Promise<number> {
    const unhook = this.#hookSignals();
    const slow = setTimeout(() => this.#sayWhatIsMissing(), SLOW_START_MS);
    try {
      const nodes = plural(this.#ports.nodes.length, 'node');
      this.#console.say(`Starting ${nodes}; the data lies in ${fromHere(this.#dir.data)}.`);
      await this.#view.listen(this.#ports.view);
      this.#port = await this.#cluster.start();
      return await this.#ended.promise;
    } finally {
      clearTimeout(slow);
      this.#view.close();
      unhook();
    }
  }

  line(node: string, stream: 'stdout' | 'stderr', line: string): void {
    this.#console.node(node, stream, line);
  }

  up(): void {
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1);
    const { host } = this.#settings;
    const shown = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
    const door = `http://${shown.includes(':') ? `[${shown}]` : shown}:${this.#port}`;
    this.#console.say(
      [
        `The cluster is up: ${plural(this.#ports.nodes.length, 'member')}, after ${seconds} s.`,
        '',
        `  ${whatAnswers(this.#program)}   ${door}`,
        `  the view   http://localhost:${this.#ports.view}`,
        `  members    http://localhost:${this.#ports.nodes[0]!.management}/cluster/members`,
        `  nodes      ${this.#cluster.running.map(({ name, pid }) => `${name} (process ${pid})`).join(', ')}`,
        '',
        'Ctrl-C stops everything in order; a second Ctrl-C at once.',
      ].join('\n'),
    );
  }

  readiness(node: string, readiness: Readiness): void {
    if (!this.#cluster.wasUp || this.#stopAskedAt !== null) return;
    if (readiness === 'ready' && this.#away.delete(node)) {
      this.#console.say(`${node} takes clients again.`);
    }
    if (readiness === 'lost') {
      this.#view.drop(node);
      this.#away.add(node);
      this.#console.warn(`${node} does not answer; the front door sends its clients elsewhere.`);
    }
  }

  exited(node: string, exit: NodeExit): void {
    if (exit.asked) {
      this.#console.say(`${node} has stopped${exit.code ? `, with code ${exit.code}` : ''}.`);
      return;
    }
    this.#console.warn(`${node} ended on its own: ${describe(exit)}.`);
    this.#away.add(node);
    if (this.#stopAskedAt !== null) return;
    const left = this.#cluster.running;
    if (left.length > 0 && this.#cluster.wasUp) {
      this.#console.warn(
        `The front door sends its clients to ${left.map(({ name }) => name).join(' and ')}.`,
      );
      if (process.stdin.isTTY) this.#console.say(`Type r and Enter to start ${node} again.`);
      return;
    }
    const why = this.#cluster.wasUp ? 'No node is left' : 'The cluster did not come up';
    this.#console.warn(`${why}; what ${node} said last stands above.`);
    this.#stop(1);
  }

  stopping(node: string): void {
    this.#console.say(`${node} ${this.#cluster.wasUp ? 'hands over and stops' : 'stops'} …`);
  }

  forced(node: string): void {
    this.#console.warn(
      `${node} did not stop in time and was killed; nothing acknowledged is lost.`,
    );
  }

  /** A second call, when somebody grows impatient, ends everything at once. */
  #stop(code: number): void {
    if (this.#stopAskedAt !== null) {
      if (performance.now() - this.#stopAskedAt < SAME_CTRL_C_MS) return;
      this.#console.warn('Stopping at once.');
      this.#cluster.kill();
      this.#ended.resolve(code);
      return;
    }
    this.#stopAskedAt = performance.now();
    this.#cluster.stop().then(
      () => {
        if (code === 0) this.#console.say('All stopped. The data is kept for the next start.');
        this.#ended.resolve(code);
      },
      (error) => this.#ended.reject(error),
    );
  }

  #hookSignals(): () => void {
    const stop = () => {
      if (this.#stopAskedAt === null) {
        this.#console.say('Stopping: the front door takes nobody new.');
      }
      this.#stop(0);
    };
    const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, stop);
    // Nobody tells a program that the npm which started it was killed.
    const npm = process.env.npm_lifecycle_event === undefined ? null : process.ppid;
    const parentCheck = setInterval(() => {
      if (npm !== null && process.ppid !== npm && this.#stopAskedAt === null) stop();
    }, PARENT_CHECK_MS);
    const keyboard = process.stdin.isTTY ? createInterface({ input: process.stdin }) : null;
    keyboard?.on('line', (line) => {
      if (line.trim() === 'r') this.#restartEnded();
    });
    return () => {
      for (const signal of signals) process.off(signal, stop);
      clearInterval(parentCheck);
      keyboard?.close();
    };
  }

  #restartEnded(): void {
    const running = new Set(this.#cluster.running.map(({ name }) => name));
    for (const { name } of this.#ports.nodes.filter((node) => !running.has(node.name))) {
      this.#console.say(`Starting ${name} again.`);
      this.#cluster.restart(name);
    }
  }

  #sayWhatIsMissing(): void {
    if (this.#cluster.wasUp || this.#stopAskedAt !== null) return;
    const addresses = this.#ports.nodes.map(
      (node) => `  ${node.name}: curl http://localhost:${node.management}/ready`,
    );
    this.#console.warn(
      `Not up after ${SLOW_START_MS / 1_000} s; still waiting. What each node says:\n${addresses.join('\n')}`,
    );
  }
}

function describe({ code, signal }: NodeExit): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? 'it could not be started' : `exit code ${code}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

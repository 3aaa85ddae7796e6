// One node as an operating-system process: started, stopped politely, started again.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LineSplitter } from './logLines.ts';

export interface NodeSpec {
  readonly name: string;
  /** The program's TypeScript file. */
  readonly program: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A command that runs the one that follows it in its place, somewhere else; with its arguments. */
  readonly within?: readonly string[];
}

/** How a node ended; `asked` is false when nobody told it to. */
export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly asked: boolean;
}

export interface NodeListener {
  line(node: NodeProcess, stream: 'stdout' | 'stderr', line: string): void;
  exited(node: NodeProcess, exit: NodeExit): void;
}

/** The node stops with its runner; and a step's files may say `todo(…)`. */
const PRELOADED = ['./stopWithParent.ts', './todo.ts'].flatMap((file) => [
  '--import',
  new URL(file, import.meta.url).href,
]);

export class NodeProcess {
  readonly name: string;
  readonly #spec: NodeSpec;
  readonly #listener: NodeListener;
  #child: ChildProcess | null = null;
  #stopAsked = false;
  #isPaused = false;
  #isEnding = false;

  constructor(spec: NodeSpec, listener: NodeListener) {
    this.name = spec.name;
    this.#spec = spec;
    this.#listener = listener;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** It runs, and nobody has told it to end. */
  get isStaying(): boolean {
    return this.isRunning && !this.#isEnding;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @throws Error when it runs already */
  start(): void {
    if (this.#child !== null) throw new Error(`${this.name} runs already, as ${this.pid}`);
    const { program, cwd, env, within = [] } = this.#spec;
    this.#stopAsked = false;
    this.#isPaused = false;
    this.#isEnding = false;
    const line = [...within, process.execPath, ...PRELOADED, program];
    const child = spawn(line[0]!, line.slice(1), {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C reaches the runner alone, which then stops the nodes in order.
      detached: true,
    });
    this.#child = child;
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = new LineSplitter((line) => this.#listener.line(this, stream, line));
      child[stream]!.setEncoding('utf8')
        .on('data', (text: string) => lines.write(text))
        .on('end', () => lines.end());
    }
    // `close` comes after the last line of output, so an ending is told after its reason.
    child.once('close', (code, signal) => this.#ended({ code, signal, asked: this.#stopAsked }));
    child.once('error', (error) => {
      this.#listener.line(this, 'stderr', `cannot be started: ${error.message}`);
      if (child.pid === undefined) this.#ended({ code: null, signal: null, asked: false });
    });
  }

  /**
   * SIGTERM, and SIGKILL to what still runs after `graceMs`. Resolves once the process is gone,
   * with true when it had to be killed.
   */
  async stop(graceMs: number): Promise<boolean> {
    const child = this.#child;
    if (child === null) return false;
    const gone = once(child, 'close');
    this.#stopAsked = true;
    this.#isEnding = true;
    let killed = false;
    const lastResort = setTimeout(() => {
      killed = true;
      child.kill('SIGKILL');
    }, graceMs);
    child.kill('SIGTERM');
    child.kill('SIGCONT'); // a paused process takes no SIGTERM
    await gone;
    clearTimeout(lastResort);
    return killed;
  }

  /** Ends it at once, whatever it is doing. */
  kill(): void {
    this.#stopAsked = true;
    this.crash();
  }

  /** Ends it as a fault would: nobody asked for it. */
  crash(): void {
    this.#isEnding = true;
    this.#child?.kill('SIGKILL');
  }

  /** Freezes it: its sockets stay open and answer nothing. */
  pause(): void {
    this.#isPaused = this.#child?.kill('SIGSTOP') === true;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
    this.#isPaused = false;
  }

  #ended(exit: NodeExit): void {
    if (this.#child === null) return;
    this.#child = null;
    this.#listener.exited(this, exit);
  }
}

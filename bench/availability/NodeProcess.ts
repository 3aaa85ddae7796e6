// A node as a process of its own, with the channel through which it is told what to do.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until } from 'actor-ts/testkit';
import type { Ask } from './judge.ts';
import type { Network } from './Network.ts';
import type { FromNode, NodeSettings, Place, ToNode } from './protocol.ts';

const PROGRAM = fileURLToPath(new URL('./node.ts', import.meta.url));
const UP_WITHIN_MS = 30_000;

export function nameOf({ host, port }: Place): string {
  return `${host}:${port}`;
}

export class NodeProcess {
  /** All that have not exited, for the end of the measurement, whatever ends it. */
  static readonly running = new Set<NodeProcess>();

  readonly settings: NodeSettings;
  readonly name: string;
  /** When the node was a member, milliseconds since 1970; null before. */
  upAt: number | null = null;
  members: readonly string[] = [];
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  constructor(network: Network, settings: NodeSettings, asks: Ask[], logFile: string | null) {
    this.settings = settings;
    this.name = nameOf(settings);
    const [command, args] = network.wrap(settings, process.execPath, [
      PROGRAM,
      JSON.stringify(settings),
    ]);
    this.child = spawn(command, args, {
      stdio: ['ignore', logFile ? 'pipe' : 'ignore', logFile ? 'pipe' : 'inherit', 'ipc'],
    });
    if (logFile !== null) this.writeLog(createWriteStream(logFile, { flags: 'a' }));
    NodeProcess.running.add(this);
    this.exited = once(this.child, 'exit').finally(() => NodeProcess.running.delete(this));
    this.child.on('message', (message: FromNode) => this.receive(message, asks));
    // A message to a process that has just ended is lost with it.
    this.child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_IPC_CHANNEL_CLOSED') throw error;
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get isRunning(): boolean {
    return NodeProcess.running.has(this);
  }

  /** @throws Error when that takes longer than 30 s */
  async untilUp(): Promise<number> {
    return until(() => this.upAt, { what: `${this.name} to be up`, timeoutMs: UP_WITHIN_MS });
  }

  ask(order: ToNode): void {
    this.child.send(order);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resolves with the exit code; null when a signal ended it. */
  async exit(): Promise<number | null> {
    await this.exited;
    return this.child.exitCode;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  private receive(message: FromNode, asks: Ask[]): void {
    if (message.type === 'up') this.upAt = message.at;
    else if (message.type === 'members') this.members = message.members;
    else {
      for (const [id, answer, askedAt, endedAt] of message.reports) {
        const [pid, startedAt] = answer ?? [null, null];
        asks.push({ from: this.name, id, pid, startedAt, askedAt, endedAt });
      }
    }
  }

  private writeLog(log: WriteStream): void {
    this.child.stdout!.pipe(log, { end: false });
    this.child.stderr!.pipe(log, { end: false });
  }
}

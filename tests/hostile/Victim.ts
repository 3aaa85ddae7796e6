// One node of the chat, as a process, that hostile clients are let loose on: what it says is read line
// by line, its memory is measured, and its end is noticed.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess } from '../../packages/workshop/src/NodeProcess.ts';
import { freePorts } from '../../packages/workshop/src/ports.ts';
import type { TestNode } from '../harness/Driver.ts';
import { NodeLog } from '../harness/NodeLog.ts';
import { CHAT } from '../harness/processes.ts';
import { untilReady } from '../harness/waiting.ts';

const COLLECT_OFTEN = new URL('./collectOften.ts', import.meta.url).href;
const HOST = '127.0.0.1';
const WATCH_EVERY_MS = 200;
/** Said of a busy machine, whoever the clients are. */
const STOOD_STILL = 'this process stood still for ';

export interface Memory {
  /** What JavaScript holds on to, buffers included, in bytes; garbage is collected twice a second. */
  readonly heldBytes: number;
  /** What the system has given to the process, in bytes. */
  readonly residentBytes: number;
}

/** A line of the node's log, as pino writes it. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly err?: { readonly code?: string; readonly message?: string };
  readonly error?: { readonly code?: string; readonly reason?: string };
  readonly [field: string]: unknown;
}

export interface VictimOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs before the node starts, with the path of the journal it will open. */
  readonly prepare?: (journal: string) => void | Promise<void>;
}

export class Victim implements AsyncDisposable {
  readonly secret = randomBytes(24).toString('hex');
  readonly clusterPort: number;
  readonly httpPort: number;
  readonly managementPort: number;
  /** Warnings and errors, in order, but for those about a busy machine. */
  readonly complaints: LogLine[] = [];
  /** What the node wrote that is no log line: nothing, as long as it is well. */
  readonly outcries: string[] = [];
  /** How it ended, unless this test has ended it. */
  ended: string | null = null;
  peakResidentBytes = 0;
  readonly node: TestNode;
  private readonly log = new NodeLog();
  private readonly dir: string;
  private readonly process: NodeProcess;
  private readonly watch: NodeJS.Timeout;
  private exit = Promise.withResolvers<void>();

  private constructor(dir: string, ports: readonly number[], options: VictimOptions) {
    this.dir = dir;
    [this.clusterPort, this.httpPort, this.managementPort] = ports as [number, number, number];
    const env = {
      NODE_NAME: 'node1',
      CLUSTER_PORT: String(this.clusterPort),
      HTTP_PORT: String(this.httpPort),
      MANAGEMENT_PORT: String(this.managementPort),
      CHAT_SECRET: this.secret,
      JOURNAL: `sqlite:${this.journal}`,
      NODE_OPTIONS: `--import=${COLLECT_OFTEN}`,
      ...options.env,
    };
    this.process = new NodeProcess(
      { name: 'node1', program: CHAT, cwd: dir, env },
      {
        line: (_node, _stream, text) => this.onLine(text),
        exited: (_node, { code, signal, asked }) => {
          if (!asked) this.ended = `code ${code}, signal ${signal}`;
          this.exit.resolve();
        },
      },
    );
    this.node = this.asNode();
    this.watch = setInterval(() => void this.measure().catch(() => undefined), WATCH_EVERY_MS);
    this.watch.unref();
  }

  static async start(options: VictimOptions = {}): Promise<Victim> {
    const dir = await mkdtemp(join(tmpdir(), 'chat-hostile-'));
    const victim = new Victim(dir, await freePorts(3), options);
    try {
      await options.prepare?.(victim.journal);
      await victim.node.start();
    } catch (cause) {
      const said = victim.output();
      await victim[Symbol.asyncDispose]();
      throw new Error(`the node did not start\n${said}`, { cause });
    }
    return victim;
  }

  get journal(): string {
    return join(this.dir, 'chat.db');
  }

  get address(): string {
    return `chat@${HOST}:${this.clusterPort}`;
  }

  output(): string {
    return this.log.toString();
  }

  async measure(): Promise<Memory> {
    const text = await (await fetch(`${this.node.management}/metrics`)).text();
    const value = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
    const residentBytes = value('process_resident_memory_bytes');
    const heldBytes = value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes');
    if (!Number.isFinite(residentBytes + heldBytes)) throw new Error(`no memory in:\n${text}`);
    this.peakResidentBytes = Math.max(this.peakResidentBytes, residentBytes);
    return { heldBytes, residentBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.watch);
    if (this.process.isRunning) {
      this.process.kill();
      await this.exit.promise;
    }
    await rm(this.dir, { recursive: true, force: true });
  }

  private onLine(text: string): void {
    this.log.add(text);
    let line: LogLine;
    try {
      line = JSON.parse(text);
    } catch {
      this.outcries.push(text);
      return;
    }
    if (line.level >= 40 && !line.msg.startsWith(STOOD_STILL)) this.complaints.push(line);
  }

  private asNode(): TestNode {
    const { process: node } = this;
    const notNeeded = () => Promise.reject(new Error('a victim is only started and ended'));
    const self: TestNode = {
      name: 'node1',
      http: `http://${HOST}:${this.httpPort}`,
      management: `http://${HOST}:${this.managementPort}`,
      get isRunning() {
        return node.isRunning;
      },
      start: async () => {
        node.start();
        await untilReady(self, 'cluster');
      },
      kill: notNeeded,
      stop: notNeeded,
      pause: notNeeded,
      resume: notNeeded,
      signal: notNeeded,
    };
    return self;
  }
}

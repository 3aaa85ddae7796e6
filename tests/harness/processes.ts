// The driver that runs nodes as processes of this machine.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from 'actor-ts/testkit';
import { type NodeExit, NodeProcess } from '../../packages/workshop/src/NodeProcess.ts';
import { freePorts } from '../../packages/workshop/src/ports.ts';
import type { ClusterOptions, Driver, TestCluster, TestNode } from './Driver.ts';

export const CHAT = fileURLToPath(
  new URL('../../solutions/06-cluster-compose/src/main.ts', import.meta.url),
);
const HOST = '127.0.0.1';
const READY_WITHIN_MS = 20_000;
const MEMBERS_WITHIN_MS = 10_000;
const STOP_GRACE_MS = 15_000;
const MAX_LINES = 400;

class ProcessNode implements TestNode {
  readonly name: string;
  readonly http: string;
  readonly management: string;
  private readonly process: NodeProcess;
  private readonly wanted: ClusterOptions['wanted'];
  private exit = Promise.withResolvers<NodeExit>();

  constructor(
    program: string,
    cwd: string,
    env: Record<string, string>,
    wanted: ClusterOptions['wanted'],
    said: (line: string) => void,
  ) {
    this.wanted = wanted;
    this.name = env.NODE_NAME!;
    this.http = `http://${HOST}:${env.HTTP_PORT}`;
    this.management = `http://${HOST}:${env.MANAGEMENT_PORT}`;
    const line = (_node: NodeProcess, _stream: string, text: string) =>
      said(`${this.name} ${text}`);
    const exited = (_node: NodeProcess, exit: NodeExit) => {
      said(`${this.name} ended: code ${exit.code}, signal ${exit.signal}`);
      this.exit.resolve(exit);
    };
    this.process = new NodeProcess({ name: this.name, program, cwd, env }, { line, exited });
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  launch(): void {
    this.exit = Promise.withResolvers();
    this.process.start();
  }

  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  async ready(): Promise<void> {
    const isReady = async () => {
      if (!this.isRunning) return true; // it will not become ready any more
      if (this.wanted === 'http') return (await fetch(this.http)).status > 0;
      return (await fetch(`${this.management}/ready`)).ok;
    };
    await until(isReady, { what: `${this.name} to be ready`, timeoutMs: READY_WITHIN_MS });
    if (!this.isRunning) throw new Error(`${this.name} ended before it was ready`);
  }

  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.process.kill();
    await this.exit.promise;
  }

  async stop(): Promise<number | null> {
    await this.process.stop(STOP_GRACE_MS);
    return (await this.exit.promise).code;
  }

  pause(): void {
    process.kill(this.process.pid!, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.process.pid!, 'SIGCONT');
  }
}

async function startCluster(count: number, options: ClusterOptions = {}): Promise<TestCluster> {
  const { program = CHAT, wanted = 'cluster' } = options;
  const dir = await mkdtemp(join(tmpdir(), 'chat-test-'));
  const secret = randomBytes(24).toString('hex');
  const lines: string[] = [];
  const said = (line: string) => {
    lines.push(line);
    if (lines.length > MAX_LINES) lines.shift();
  };
  const ports = await freePorts(count * 3);
  const cluster = ports.slice(0, count);
  const nodes = cluster.map((port, index) => {
    const env = {
      NODE_NAME: `node${index + 1}`,
      CLUSTER_PORT: String(port),
      SEEDS: cluster.map((seed) => `${HOST}:${seed}`).join(','),
      HTTP_PORT: String(ports[count + index]),
      MANAGEMENT_PORT: String(ports[2 * count + index]),
      CHAT_SECRET: secret,
      JOURNAL: `sqlite:${join(dir, 'chat.db')}`,
      ...options.env,
    };
    return new ProcessNode(program, dir, env, wanted, said);
  });
  const dispose = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (const node of nodes) node.launch();
    await Promise.all(nodes.map((node) => node.ready()));
    if (wanted !== 'http' && !(await areMembers(nodes)) && wanted === 'cluster') {
      throw new Error(`not all ${count} are members after ${MEMBERS_WITHIN_MS} ms`);
    }
  } catch (error) {
    await dispose();
    throw new Error(`the cluster did not start\n${lines.join('\n')}`, { cause: error });
  }
  return { nodes, secret, dir, output: () => lines.join('\n'), [Symbol.asyncDispose]: dispose };
}

/** Whether, within some time, every node counts all of them as up. */
async function areMembers(nodes: readonly TestNode[]): Promise<boolean> {
  const deadline = performance.now() + MEMBERS_WITHIN_MS;
  for (;;) {
    const counts = await Promise.all(nodes.map(membersUp));
    if (counts.every((count) => count === nodes.length)) return true;
    if (performance.now() > deadline) return false;
    await delay(20);
  }
}

export async function membersUp(node: TestNode): Promise<number> {
  const response = await fetch(`${node.management}/cluster/members`);
  const { members } = (await response.json()) as { members: { status: string }[] };
  return members.filter(({ status }) => status === 'up').length;
}

export const processes: Driver = { startCluster };

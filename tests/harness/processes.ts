// The driver that runs nodes as processes of this machine.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type NodeExit,
  NodeProcess,
  type NodeSpec,
} from '../../packages/workshop/src/NodeProcess.ts';
import { freePorts } from '../../packages/workshop/src/ports.ts';
import type { ClusterOptions, Driver, TestCluster, TestNode, Wanted } from './Driver.ts';
import { deskAt, journalData } from './JournalData.ts';
import { NodeLog } from './NodeLog.ts';
import { untilAllReady, untilReady } from './waiting.ts';

export const CHAT = fileURLToPath(
  new URL('../../solutions/06-cluster-compose/src/main.ts', import.meta.url),
);
/** These nodes are killed, not stopped, all the time. */
const KEEP_COMPILED = new URL('../../packages/actor-ts/tests/keepCompiled.ts', import.meta.url)
  .href;
const HOST = '127.0.0.1';
const NO_LINKS = 'all nodes share the loopback; those in namespaces or containers have links';
const STOP_GRACE_MS = 15_000;

/** Where a node listens, and how it gets there. */
export interface ProcessPlace {
  readonly within?: readonly string[];
  readonly cluster: { readonly host: string; readonly bindHost?: string; readonly port: number };
  readonly http: { readonly host: string; readonly port: number };
  readonly management: { readonly host: string; readonly port: number };
}

class ProcessNode implements TestNode {
  readonly name: string;
  readonly http: string;
  readonly management: string;
  private readonly process: NodeProcess;
  private readonly wanted: Wanted;
  private exit = Promise.withResolvers<NodeExit>();

  constructor(
    spec: Omit<NodeSpec, 'name'>,
    { http, management }: ProcessPlace,
    wanted: Wanted,
    said: (line: string) => void,
  ) {
    const { env } = spec;
    this.wanted = wanted;
    this.name = env.NODE_NAME!;
    this.http = `http://${http.host}:${env.HTTP_PORT}`;
    this.management = `http://${management.host}:${env.MANAGEMENT_PORT}`;
    const line = (_node: NodeProcess, _stream: string, text: string) =>
      said(`${this.name} ${text}`);
    const exited = (_node: NodeProcess, exit: NodeExit) => {
      said(`${this.name} ended: code ${exit.code}, signal ${exit.signal}`);
      this.exit.resolve(exit);
    };
    this.process = new NodeProcess({ ...spec, name: this.name }, { line, exited });
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
    await untilReady(this, this.wanted);
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

  async pause(): Promise<void> {
    await this.signal('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.signal('SIGCONT');
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    process.kill(this.process.pid!, name);
  }
}

/** Starts a node at each place. Resolves once `options.wanted` holds. */
export async function startProcesses(
  places: readonly ProcessPlace[],
  options: ClusterOptions = {},
): Promise<Omit<TestCluster<ProcessNode>, 'links'>> {
  const { program = CHAT, wanted = 'cluster' } = options;
  const dir = await mkdtemp(join(tmpdir(), 'chat-test-'));
  const secret = randomBytes(24).toString('hex');
  const log = new NodeLog(options.said);
  const file = join(dir, 'chat.db');
  const data = journalData(deskAt(file));
  const nodes = places.map((place, index) => {
    const { within, cluster, http, management } = place;
    const env = {
      NODE_NAME: `node${index + 1}`,
      HOST: cluster.host,
      ...(cluster.bindHost && { CLUSTER_BIND_HOST: cluster.bindHost }),
      CLUSTER_PORT: String(cluster.port),
      SEEDS: places.map(({ cluster: seed }) => `${seed.host}:${seed.port}`).join(','),
      HTTP_HOST: http.host,
      HTTP_PORT: String(http.port),
      MANAGEMENT_HOST: management.host,
      MANAGEMENT_PORT: String(management.port),
      CHAT_SECRET: secret,
      JOURNAL: `sqlite:${file}`,
      NODE_OPTIONS: `--import=${KEEP_COMPILED}`,
      ...options.env,
    };
    return new ProcessNode({ program, cwd: dir, env, within }, place, wanted, log.add);
  });
  const dispose = async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await data[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (const node of nodes) node.launch();
    await untilAllReady(nodes, wanted);
  } catch (error) {
    await dispose();
    throw new Error(`the cluster did not start\n${log}`, { cause: error });
  }
  return { nodes, secret, dir, data, output: () => log.toString(), [Symbol.asyncDispose]: dispose };
}

async function startCluster(count: number, options?: ClusterOptions): Promise<TestCluster> {
  const ports = await freePorts(count * 3);
  const at = (index: number) => ({ host: HOST, port: ports[index]! });
  const places = Array.from({ length: count }, (_, index) => ({
    cluster: at(index),
    http: at(count + index),
    management: at(2 * count + index),
  }));
  return { ...(await startProcesses(places, options)), links: NO_LINKS };
}

export const processes: Driver = { startCluster };

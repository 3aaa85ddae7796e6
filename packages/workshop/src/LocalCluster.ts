// The nodes of one run and their front door: start them all, survive the death of one, stop in order.
import { get } from 'node:http';
import { FrontDoor } from './FrontDoor.ts';
import type { NodeExit } from './NodeProcess.ts';
import { NodeProcess } from './NodeProcess.ts';
import { LOOPBACK, type NodePorts } from './ports.ts';
import type { Readiness } from './ReadyWatch.ts';
import { ReadyWatch } from './ReadyWatch.ts';
import type { Action, Viewed, ViewedNode } from './ViewDoor.ts';

export interface ClusterPlan {
  readonly program: string;
  readonly cwd: string;
  readonly nodes: readonly NodePorts[];
  readonly frontDoor: { readonly host: string; readonly port: number };
  /** What every node gets besides its own name and ports. */
  readonly env: Readonly<Record<string, string>>;
}

/** What happens, told as it happens. */
export interface ClusterListener {
  line(node: string, stream: 'stdout' | 'stderr', line: string): void;
  /** Every node is ready and the cluster counts them all as up; once per run. */
  up(): void;
  readiness(node: string, readiness: Readiness): void;
  exited(node: string, exit: NodeExit): void;
  stopping(node: string): void;
  /** It did not stop in time and was killed. */
  forced(node: string): void;
}

/** How long a node may take to hand over its work and go, in milliseconds. */
export const STOP_GRACE_MS = 10_000;
const MEMBERS_EVERY_MS = 40;

export class LocalCluster implements Viewed {
  readonly #plan: ClusterPlan;
  readonly #listener: ClusterListener;
  readonly #nodes: readonly NodeProcess[];
  readonly #frontDoor: FrontDoor;
  #watch: ReadyWatch | null = null;
  #stopped = false;
  #wasUp = false;

  constructor(plan: ClusterPlan, listener: ClusterListener) {
    this.#plan = plan;
    this.#listener = listener;
    this.#frontDoor = new FrontDoor(
      plan.nodes.map(({ name, http }) => ({ name, host: LOOPBACK, port: http })),
      { onRefused: (name) => this.#watch?.forget(name) },
    );
    const seeds = plan.nodes.map((node) => `${LOOPBACK}:${node.cluster}`).join(',');
    this.#nodes = plan.nodes.map((ports) => {
      const env = { ...plan.env, ...nodeEnv(ports), SEEDS: seeds };
      return new NodeProcess(
        { name: ports.name, program: plan.program, cwd: plan.cwd, env },
        {
          line: (node, stream, line) => listener.line(node.name, stream, line),
          exited: (node, exit) => this.#exited(node, exit),
        },
      );
    });
  }

  /** The nodes whose process runs. */
  get running(): readonly { readonly name: string; readonly pid: number | undefined }[] {
    return this.#nodes.filter((node) => node.isRunning);
  }

  get nodes(): readonly ViewedNode[] {
    return this.#nodes.map((node, index) => {
      const running = node.isPaused ? 'paused' : 'running';
      return {
        name: node.name,
        state: node.isRunning ? running : 'stopped',
        management: this.#plan.nodes[index]!.management,
        isReady: this.#watch?.readiness(node.name) === 'ready',
      };
    });
  }

  get wasUp(): boolean {
    return this.#wasUp;
  }

  /** Opens the front door, then starts every node at once. Resolves with the front door's port. */
  async start(): Promise<number> {
    const port = await this.#frontDoor.listen(this.#plan.frontDoor.port, this.#plan.frontDoor.host);
    for (const node of this.#nodes) node.start();
    this.#watch = new ReadyWatch(
      this.#plan.nodes.map(({ name, management }) => ({
        name,
        host: LOOPBACK,
        managementPort: management,
      })),
      { onChange: (name, readiness) => this.#readiness(name, readiness) },
    );
    return port;
  }

  /** Starts a node that has ended, on its old ports. */
  restart(name: string): void {
    if (!this.#stopped) this.#node(name).start();
  }

  /** Does to a node what a fault would, or what undoes it. @returns why not, or null once it is done */
  act(name: string, action: Action): string | null {
    const node = this.#node(name);
    if (this.#stopped) return 'Everything is being stopped.';
    if (action === 'start') {
      if (node.isRunning) return `${name} runs already.`;
      node.start();
      return null;
    }
    if (!node.isStaying) return `${name} does not run.`;
    const isLast = this.#nodes.every((other) => other === node || !other.isStaying);
    if (action === 'kill' && isLast) return `${name} is the last one that runs: Ctrl-C stops it.`;
    if (action === 'kill') node.crash();
    if (action === 'pause') node.pause();
    if (action === 'resume') node.resume();
    return null;
  }

  /**
   * The front door takes nobody new; then the nodes stop one after the other, the last one first,
   * so that each hands its work to those that remain and the oldest one, which leads, moves last.
   */
  async stop(graceMs = STOP_GRACE_MS): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#frontDoor.stopAccepting();
    this.#watch?.close();
    for (const node of this.#nodes.toReversed()) {
      if (!node.isRunning) continue;
      this.#listener.stopping(node.name);
      if (await node.stop(graceMs)) this.#listener.forced(node.name);
    }
    await this.#frontDoor.close();
  }

  /** Ends everything at once. */
  kill(): void {
    this.#stopped = true;
    this.#watch?.close();
    for (const node of this.#nodes) node.kill();
    void this.#frontDoor.close();
  }

  #readiness(name: string, readiness: Readiness): void {
    switch (readiness) {
      case 'ready':
        this.#frontDoor.admit(name);
        break;
      case 'busy':
      case 'silent':
        this.#frontDoor.withhold(name);
        break;
      case 'lost':
      case 'gone':
        this.#frontDoor.drop(name);
        break;
      default:
        readiness satisfies never;
    }
    this.#listener.readiness(name, readiness);
    if (!this.#wasUp && this.#everyNodeIsReady()) void this.#awaitMembers();
  }

  #exited(node: NodeProcess, exit: NodeExit): void {
    this.#frontDoor.drop(node.name);
    this.#watch?.forget(node.name);
    this.#listener.exited(node.name, exit);
  }

  #node(name: string): NodeProcess {
    const node = this.#nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  #everyNodeIsReady(): boolean {
    return this.#nodes.every((node) => this.#watch?.readiness(node.name) === 'ready');
  }

  /** Being ready is each node's own view; up is what the first node says of all of them. */
  async #awaitMembers(): Promise<void> {
    while (!this.#stopped && !this.#wasUp && this.#everyNodeIsReady()) {
      const up = await countUpMembers(this.#plan.nodes[0]!.management);
      if (up === this.#nodes.length && !this.#wasUp && !this.#stopped) {
        this.#wasUp = true;
        this.#listener.up();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, MEMBERS_EVERY_MS));
    }
  }
}

/** A node's settings, as its program reads them. */
function nodeEnv(ports: NodePorts): Record<string, string> {
  return {
    NODE_NAME: ports.name,
    HOST: LOOPBACK,
    CLUSTER_PORT: String(ports.cluster),
    HTTP_HOST: LOOPBACK,
    HTTP_PORT: String(ports.http),
    MANAGEMENT_HOST: LOOPBACK,
    MANAGEMENT_PORT: String(ports.management),
  };
}

/** How many members the node counts as up; 0 while it gives no such answer. */
function countUpMembers(managementPort: number): Promise<number> {
  return new Promise((resolve) => {
    const request = get(
      { host: LOOPBACK, port: managementPort, path: '/cluster/members', timeout: 1_000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.once('error', () => resolve(0));
        response.once('end', () => {
          if (response.statusCode !== 200) return resolve(0);
          const { members } = JSON.parse(body) as { members: readonly { status: string }[] };
          resolve(members.filter((member) => member.status === 'up').length);
        });
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(0));
  });
}

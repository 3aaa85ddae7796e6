// Nodes as processes of the operating system, to be killed, stopped, restarted and asked.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from '../../src/testkit/until.ts';
import type { Ask, Command, NodeSettings } from './processNode.ts';

const KEEP_COMPILED = new URL('../keepCompiled.ts', import.meta.url).href;
const PROGRAM = fileURLToPath(new URL('./processNode.ts', import.meta.url));

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports.sort((a, b) => a - b);
}

export class ProcessNode {
  readonly settings: NodeSettings;
  private readonly child: ChildProcess;

  private constructor(settings: NodeSettings) {
    this.settings = settings;
    this.child = fork(PROGRAM, [JSON.stringify(settings)], {
      execArgv: ['--import', KEEP_COMPILED],
      serialization: 'advanced',
    });
  }

  /** Resolves when the node has joined. */
  static async start(settings: NodeSettings): Promise<ProcessNode> {
    const node = new ProcessNode(settings);
    await once(node.child, 'message');
    return node;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What this node asked since then (milliseconds since 1970). */
  report(since: number): Promise<Ask[]> {
    return this.command({ kind: 'report', since });
  }

  /** `port status` of all members. */
  members(): Promise<string[]> {
    return this.command({ kind: 'members' });
  }

  /** Leaves in order; resolves when the process has ended. */
  async leave(): Promise<void> {
    this.child.send({ kind: 'leave' });
    await once(this.child, 'exit');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  private async command<T>(command: Command): Promise<T> {
    const answer = once(this.child, 'message');
    this.child.send(command);
    return (await answer)[0] as T;
  }
}

export interface Verdict {
  /** Ids that two processes answered for in the same window. */
  readonly twice: string[];
  /** Ids that were asked in vain. */
  readonly unavailable: string[];
  readonly asks: number;
}

export class ProcessCluster {
  readonly nodes: ProcessNode[] = [];
  readonly ids = Array.from({ length: 60 }, (_, i) => `id-${i}`);

  async add(port: number, seeds: readonly number[]): Promise<ProcessNode> {
    const addresses = seeds.map((seed) => `test@127.0.0.1:${seed}`);
    const node = await ProcessNode.start({ port, seeds: addresses, ids: this.ids });
    this.nodes.push(node);
    return node;
  }

  async kill(node: ProcessNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.kill();
  }

  async leave(node: ProcessNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    await node.leave();
  }

  /** Resolves when all nodes agree that they, and only they, are up. */
  async settled(): Promise<void> {
    const expected = this.nodes.map(({ settings }) => `${settings.port} up`).sort();
    await until(
      async () => {
        const views = await Promise.all(this.nodes.map((node) => node.members()));
        return views.every((view) => view.sort().join() === expected.join());
      },
      { what: `members to be ${expected}`, timeoutMs: 20_000, everyMs: 100 },
    );
  }

  /** What the asks of all nodes since then say. */
  async verdict(since: number): Promise<Verdict> {
    const reports = await Promise.all(this.nodes.map((node) => node.report(since)));
    const asks = reports.flat();
    const answerers = new Map(this.ids.map((id) => [id, new Set<number | null>()]));
    for (const { id, by } of asks) answerers.get(id)!.add(by);
    const withMany = [...answerers].filter(([, by]) => by.size - (by.has(null) ? 1 : 0) > 1);
    const withNone = [...answerers].filter(([, by]) => by.has(null));
    return {
      twice: withMany.map(([id]) => id),
      unavailable: withNone.map(([id]) => id),
      asks: asks.length,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }
}

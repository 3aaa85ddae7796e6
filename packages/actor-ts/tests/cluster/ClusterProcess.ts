// Cluster nodes as processes of their own, for tests that kill, stop and continue them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const keepCompiled = new URL('../keepCompiled.ts', import.meta.url).href;
const program = fileURLToPath(new URL('./fixtures/node.ts', import.meta.url));

interface Line {
  readonly at: number;
  readonly event: string;
  readonly member?: number | string;
}

export class ClusterProcess {
  readonly port: number;
  readonly lines: Line[] = [];
  errors = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  constructor(port: number, seeds: readonly number[]) {
    this.port = port;
    const list = seeds.map((seed) => `127.0.0.1:${seed}`).join(',');
    this.child = spawn(process.execPath, ['--import', keepCompiled, program, String(port), list], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit');
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
    });
    this.child.stderr!.on('data', (data) => {
      this.errors += String(data);
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get members(): string {
    return String(this.lines.findLast((line) => line.event === 'members')?.member ?? '');
  }

  /** When the process last saw `event` (about the member on `port`); milliseconds since 1970. */
  timeOf(event: string, port?: number): number | undefined {
    const found = this.lines.findLast(
      (line) => line.event === event && (port === undefined || line.member === port),
    );
    return found?.at;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async end(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.exited;
  }

  async exit(): Promise<number | null> {
    await this.exited;
    return this.child.exitCode;
  }
}

/** Ports that are free at the moment, lowest first. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    }),
  );
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports.sort((a, b) => a - b);
}

export function allUp(ports: readonly number[]): string {
  return [...ports]
    .map((port) => `${port} up`)
    .sort()
    .join(', ');
}

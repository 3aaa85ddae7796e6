// The front door of a run: the one of `npm start`, as a process of its own that can be killed.
import { fileURLToPath } from 'node:url';
import { until } from 'actor-ts/testkit';
import { NodeProcess } from '../packages/workshop/src/NodeProcess.ts';
import { freePorts } from '../packages/workshop/src/ports.ts';
import type { TestCluster } from '../tests/harness/Driver.ts';

const PROGRAM = fileURLToPath(new URL('doorProgram.ts', import.meta.url));
const STOP_GRACE_MS = 5000;

export class Door implements AsyncDisposable {
  readonly name = 'door';
  readonly http: string;
  private readonly process: NodeProcess;

  static async open(cluster: TestCluster, said: (line: string) => void): Promise<Door> {
    const [port] = await freePorts(1);
    const door = new Door(port!, cluster, said);
    await door.start();
    return door;
  }

  private constructor(port: number, { nodes, dir }: TestCluster, said: (line: string) => void) {
    this.http = `http://127.0.0.1:${port}`;
    const upstreams = nodes.map(({ name, http, management }) => ({ name, http, management }));
    const env = { DOOR_PORT: String(port), DOOR_NODES: JSON.stringify(upstreams) };
    this.process = new NodeProcess(
      { name: this.name, program: PROGRAM, cwd: dir, env },
      {
        line: (_process, _stream, line) => said(`door ${line}`),
        exited: (_process, { code, signal }) => said(`door ended: code ${code}, signal ${signal}`),
      },
    );
  }

  /** Resolves once it lets clients in. */
  async start(): Promise<void> {
    this.process.start();
    const isOpen = async () => (await fetch(this.http)).ok;
    await until(isOpen, { what: 'the front door to open', timeoutMs: 20_000 });
  }

  async kill(): Promise<void> {
    this.process.kill();
    await until(() => !this.process.isRunning, { what: 'the front door to be gone' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop(STOP_GRACE_MS);
  }
}

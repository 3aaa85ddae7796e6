// What a `docker-compose.yml` starts, as a project of its own: other ports, images and volumes than
// those of whoever has started it by hand. Its nodes are reached as clients do, through the front door.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from 'actor-ts/testkit';
import {
  DockerComposeEnvironment,
  PullPolicy,
  type StartedDockerComposeEnvironment,
} from 'testcontainers';
import { IMAGE_VARIABLES } from '../../../packages/workshop/src/images.ts';
import { freePorts } from '../../../packages/workshop/src/ports.ts';
import type { TestNode } from '../Driver.ts';
import { AT_ONCE } from './Container.ts';
import { type Engine, type EngineContainer, theEngine } from './Engine.ts';
import { removeProject } from './leftovers.ts';

const FILE = 'docker-compose.yml';
const HEALTHY_WITHIN_MS = 120_000;
const STOP_GRACE_MS = 60_000;

interface Config {
  readonly services: Readonly<Record<string, { readonly build?: unknown }>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** One service's container. */
export class Service implements TestNode {
  readonly name: string;
  readonly http: string;
  readonly management: string;
  private readonly engine: Engine;
  private readonly project: string;
  private running = true;

  constructor(engine: Engine, project: string, name: string, http: string, management: string) {
    this.engine = engine;
    this.project = project;
    this.name = name;
    this.http = http;
    this.management = management;
  }

  get isRunning(): boolean {
    return this.running;
  }

  async kill(): Promise<void> {
    await this.container.kill();
    await this.container.wait();
    this.running = false;
  }

  /** As `docker compose stop` does: after the service's grace period it is killed. */
  async stop(): Promise<number | null> {
    await this.container.stop();
    this.running = false;
    return (await this.container.inspect()).State.ExitCode;
  }

  async pause(): Promise<void> {
    await this.container.pause();
  }

  async resume(): Promise<void> {
    if ((await this.container.inspect()).State.Paused) await this.container.unpause();
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    await this.container.kill({ signal: name });
  }

  async start(): Promise<void> {
    await this.container.start();
    this.running = true;
    await this.healthy();
  }

  /** What the container's own health check says: `starting`, `healthy`, `unhealthy`. */
  async health(): Promise<string | undefined> {
    return (await this.container.inspect()).State.Health?.Status;
  }

  /** Resolves once the container's own health check says so. */
  async healthy(): Promise<void> {
    const isHealthy = async () => {
      const { State } = await this.container.inspect();
      return State.Running && State.Health?.Status === 'healthy';
    };
    const what = `${this.name} to be healthy`;
    await until(isHealthy, { what, timeoutMs: HEALTHY_WITHIN_MS, everyMs: 100 });
  }

  /** Parts it from one of its networks, by the name in the Compose file. @returns the way back */
  async cutOff(network: string): Promise<() => Promise<void>> {
    const name = `${this.project}_${network}`;
    const plug = this.engine.docker.getNetwork(name);
    const { Id, NetworkSettings } = await this.container.inspect();
    const { Aliases } = NetworkSettings.Networks[name]!;
    await plug.disconnect({ Container: Id });
    return () => plug.connect({ Container: Id, EndpointConfig: { Aliases } });
  }

  /** Compose numbers a service's containers; these are those of one each. */
  private get container(): EngineContainer {
    return this.engine.docker.getContainer(`${this.project}-${this.name}-1`);
  }
}

export class ComposeStack implements AsyncDisposable {
  /** Where clients come in. */
  readonly http: string;
  readonly management: string;
  private readonly engine: Engine;
  private readonly project: string;
  /** What nodes are made from; it is built for this project. */
  private readonly image: string;
  private readonly dir: string;
  private readonly scratch: string;
  private readonly env: Readonly<Record<string, string>>;
  private started: StartedDockerComposeEnvironment | null = null;

  private constructor(engine: Engine, dir: string, scratch: string, ports: readonly number[]) {
    const [chat, management] = ports as [number, number];
    this.engine = engine;
    this.project = engine.nameFor('compose');
    this.image = `${this.project}-image`;
    this.dir = dir;
    this.scratch = scratch;
    this.http = `http://127.0.0.1:${chat}`;
    this.management = `http://127.0.0.1:${management}`;
    this.env = {
      CHAT_PORT: String(chat),
      MANAGEMENT_PORT: String(management),
      CHAT_SECRET: randomBytes(24).toString('hex'),
    };
  }

  /** `docker compose up -d --build` in `dir`. Resolves when that ends, as the file says when. */
  static async up(dir: string): Promise<ComposeStack> {
    const engine = await theEngine();
    for (const variable of IMAGE_VARIABLES) await engine.image(variable);
    const scratch = await mkdtemp(join(tmpdir(), 'chat-compose-'));
    const stack = new ComposeStack(engine, dir, scratch, await freePorts(2));
    try {
      await stack.up();
    } catch (error) {
      await stack[Symbol.asyncDispose]();
      throw error;
    }
    return stack;
  }

  service(name: string): Service {
    return new Service(this.engine, this.project, name, this.http, this.management);
  }

  /** The CHAT_SECRET that Compose is given. */
  get secret(): string {
    return this.env.CHAT_SECRET!;
  }

  /** What Compose says when it is given none; nothing when it does not mind. */
  async withoutSecret(): Promise<string> {
    const args = ['compose', '--env-file', '/dev/null', '--file', FILE, 'config', '--quiet'];
    const { CHAT_SECRET: _, ...env } = { ...process.env, ...this.env };
    try {
      await promisify(execFile)('docker', args, { cwd: this.dir, env });
      return '';
    } catch (error) {
      return (error as { stderr: string }).stderr;
    }
  }

  /** The containers' ports that can be reached from this machine, by service. */
  async published(): Promise<Record<string, number[]>> {
    const label = [`com.docker.compose.project=${this.project}`];
    const found = await this.engine.docker.listContainers({ filters: { label } });
    const ports = found.map(({ Labels, Ports }) => {
      const own = Ports.filter(({ PublicPort }) => PublicPort !== undefined);
      const numbers = [...new Set(own.map(({ PrivatePort }) => PrivatePort))];
      return [Labels['com.docker.compose.service']!, numbers] as const;
    });
    return Object.fromEntries(ports.filter(([, numbers]) => numbers.length > 0));
  }

  /** `docker compose down`, which keeps the volumes, and `up -d`. */
  async restart(): Promise<void> {
    await this.started?.down({ removeVolumes: false, timeout: STOP_GRACE_MS });
    this.started = await this.environment().up();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeProject(this.engine.docker, this.project);
    await rm(this.scratch, { recursive: true, force: true });
  }

  private async up(): Promise<void> {
    await writeFile(this.ours, JSON.stringify(this.marked(await this.config())));
    this.started = await this.environment().withBuild().up();
  }

  private environment(): DockerComposeEnvironment {
    return new DockerComposeEnvironment(this.dir, [FILE, this.ours])
      .withProjectName(this.project)
      .withEnvironment({ ...this.env })
      .withPullPolicy(PullPolicy.neverPull())
      .withDefaultWaitStrategy(AT_ONCE);
  }

  /** Laid over the file. */
  private get ours(): string {
    return join(this.scratch, 'ours.json');
  }

  private async config(): Promise<Config> {
    const args = ['compose', '--file', FILE, 'config', '--format', 'json'];
    const options = { cwd: this.dir, env: { ...process.env, ...this.env } };
    return JSON.parse((await promisify(execFile)('docker', args, options)).stdout) as Config;
  }

  /** Whose everything is, and an image of a name of their own. */
  private marked({ services, networks = {}, volumes = {} }: Config): object {
    const { labels } = this.engine;
    const { image } = this;
    const each = <T>(of: Readonly<Record<string, T>>, mark: (one: T) => object) =>
      Object.fromEntries(Object.entries(of).map(([name, one]) => [name, mark(one)]));
    return {
      services: each(services, ({ build }) =>
        build === undefined ? { labels } : { labels, image, build: { labels } },
      ),
      networks: each(networks, () => ({ labels })),
      volumes: each(volumes, () => ({ labels })),
    };
  }
}

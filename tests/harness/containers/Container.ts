// A container as the tests want it: known networks and names, ports on loopback, an init of its own,
// and its output heard from the first line on.
import { finished } from 'node:stream/promises';
import { until } from 'actor-ts/testkit';
import { GenericContainer, PullPolicy, type WaitStrategy } from 'testcontainers';
import { LineSplitter } from '../../../packages/workshop/src/logLines.ts';
import type { Engine, EngineContainer, EngineNetwork } from './Engine.ts';

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Container's ports to ports of this machine's loopback. */
  readonly ports?: Readonly<Record<number, number>>;
  /** As Docker writes them: `<folder or volume>:<place>[:ro]`. */
  readonly binds?: readonly string[];
  readonly workingDir?: string;
  /** The network from which its ports are published; nobody in it knows its name. */
  readonly front?: EngineNetwork;
  /** Networks in which others find it by `name`. */
  readonly networks?: readonly EngineNetwork[];
  /** Networks in which it finds others, and nobody finds it. */
  readonly visits?: readonly EngineNetwork[];
  /** A command that ends with 0 in a container that can be used. */
  readonly healthCheck?: readonly string[];
  /** Names that it looks up in its own table first. */
  readonly hosts?: Readonly<Record<string, string>>;
}

export interface Whereabouts {
  readonly pid: number;
  in(network: EngineNetwork): { readonly IPAddress: string; readonly Gateway: string } | undefined;
}

export class Container {
  private readonly engine: Engine;
  private readonly spec: ContainerSpec;
  private readonly said: (line: string) => void;
  private handle: EngineContainer | null = null;
  private exit: Promise<number> = Promise.resolve(0);
  private heardAll: Promise<void> = Promise.resolve();
  /** Networks that it was cut off from. */
  private readonly parted = new Set<EngineNetwork>();
  private running = false;
  private paused = false;

  constructor(engine: Engine, spec: ContainerSpec, said: (line: string) => void) {
    this.engine = engine;
    this.spec = spec;
    this.said = said;
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** Made, and started for the first time; or started again. */
  async start(): Promise<void> {
    if (this.handle === null) {
      await new Made(this.engine, this.spec, (id) => this.made(id)).start();
    } else {
      await this.hear();
      await this.handle.start();
    }
    this.running = true;
    this.paused = false;
    this.exit = this.end();
  }

  /** Ends it at once. Resolves when it is gone and all that it said was heard. */
  async kill(): Promise<void> {
    if (this.running) await this.signal('SIGKILL');
    await this.exit;
  }

  /** SIGTERM, and SIGKILL when it still runs after `graceMs`. @returns its exit code */
  async stop(graceMs: number): Promise<number> {
    if (!this.running) return this.exit;
    await this.signal('SIGTERM');
    await this.resume(); // who is paused takes no SIGTERM
    const lastResort = setTimeout(() => void this.signal('SIGKILL'), graceMs);
    const code = await this.exit;
    clearTimeout(lastResort);
    return code;
  }

  /** Waits until it ends by itself. @returns its exit code @throws Error when it does not in time */
  async ended(withinMs: number): Promise<number> {
    await until(() => !this.running, { what: `${this.spec.name} to end`, timeoutMs: withinMs });
    return this.exit;
  }

  async pause(): Promise<void> {
    await this.handle!.pause();
    this.paused = true;
  }

  async resume(): Promise<void> {
    if (!this.paused) return;
    this.paused = false;
    await this.handle!.unpause();
  }

  /** Pulls its plug out of one of its networks: packets to and from there go nowhere. */
  async disconnect(network: EngineNetwork): Promise<void> {
    await network.disconnect({ Container: this.handle!.id });
    this.parted.add(network);
  }

  /** Puts it in again; nothing happens where it is in. */
  async reconnect(network: EngineNetwork): Promise<void> {
    if (this.parted.delete(network)) await this.connect(network);
  }

  private async connect(network: EngineNetwork): Promise<void> {
    await network.connect({
      Container: this.handle!.id,
      EndpointConfig: { Aliases: [this.spec.name] },
    });
  }

  /** Resolves once its health check says so. @throws Error when it ends, or after `timeoutMs` */
  async healthy(timeoutMs: number): Promise<void> {
    const isHealthy = async () => {
      if (!this.running) return true; // it will not become healthy any more
      return (await this.handle!.inspect()).State.Health?.Status === 'healthy';
    };
    await until(isHealthy, { what: `${this.spec.name} to be healthy`, timeoutMs, everyMs: 200 });
    if (!this.running) throw new Error(`${this.spec.name} ended before it was healthy`);
  }

  /** The namespace of its network, as a process's, and its address in each; null when it does not run. */
  async whereabouts(): Promise<Whereabouts | null> {
    if (!this.running) return null;
    const { State, NetworkSettings } = await this.handle!.inspect();
    if (!State.Running) return null;
    const networks = Object.values(NetworkSettings.Networks);
    return {
      pid: State.Pid,
      in: (network) => networks.find(({ NetworkID }) => NetworkID === network.id),
    };
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    try {
      await this.handle!.kill({ signal });
    } catch (error) {
      // It has ended by itself in the meantime.
      if ((error as { statusCode?: number }).statusCode !== 409) throw error;
    }
  }

  async remove(): Promise<void> {
    if (this.handle !== null) await this.engine.removeContainer(this.handle);
  }

  private async made(id: string): Promise<void> {
    this.handle = this.engine.docker.getContainer(id);
    const { networks = [], visits = [] } = this.spec;
    for (const network of networks) if (network !== homeOf(this.spec)) await this.connect(network);
    for (const network of visits) await network.connect({ Container: id });
    await this.hear();
  }

  /** Has to come before the start, or the first lines would be lost. */
  private async hear(): Promise<void> {
    const output = await this.engine.client.container.attach(this.handle!);
    const lines = new LineSplitter((line) => this.said(`${this.spec.name} ${line}`));
    output.on('data', (text: string) => lines.write(text)).on('end', () => lines.end());
    this.heardAll = finished(output);
  }

  private async end(): Promise<number> {
    const { StatusCode: code } = await this.handle!.wait();
    await this.heardAll;
    this.running = false;
    this.paused = false;
    this.said(`${this.spec.name} ended: code ${code}`);
    return code;
  }
}

/** testcontainers' container, with what it has no setting for. */
class Made extends GenericContainer {
  private readonly whenMade: (id: string) => Promise<void>;

  constructor(engine: Engine, spec: ContainerSpec, whenMade: (id: string) => Promise<void>) {
    super(spec.image);
    this.whenMade = whenMade;
    const { command, env = {}, ports = {}, binds = [], workingDir, hosts = {}, healthCheck } = spec;
    const home = homeOf(spec).id;
    this.withName(engine.nameFor(spec.name))
      .withLabels({ ...engine.labels })
      .withEnvironment({ ...env })
      .withNetworkMode(home)
      .withPullPolicy(PullPolicy.neverPull())
      .withWaitStrategy(AT_ONCE);
    if (command !== undefined) this.withCommand([...command]);
    if (workingDir !== undefined) this.withWorkingDir(workingDir);
    if (healthCheck !== undefined) {
      this.withHealthCheck({ test: ['CMD', ...healthCheck], interval: 1000, timeout: 5000 });
    }
    if (spec.front === undefined) {
      this.createOpts.NetworkingConfig = { EndpointsConfig: { [home]: { Aliases: [spec.name] } } };
    }
    const published = Object.entries(ports);
    this.createOpts.ExposedPorts = Object.fromEntries(published.map(([port]) => [tcp(port), {}]));
    this.hostConfig = {
      ...this.hostConfig,
      Binds: [...binds],
      ExtraHosts: Object.entries(hosts).map(([name, address]) => `${name}:${address}`),
      // Passes signals on to the program, as a machine's init would.
      Init: true,
      PortBindings: Object.fromEntries(
        published.map(([port, at]) => [tcp(port), [{ HostIp: '127.0.0.1', HostPort: String(at) }]]),
      ),
    };
  }

  protected override async containerCreated(id: string): Promise<void> {
    await this.whenMade(id);
  }
}

/** The network that it is made in. */
function homeOf({ name, front, networks = [] }: ContainerSpec): EngineNetwork {
  const home = front ?? networks[0];
  if (home === undefined) throw new Error(`${name} has no network`);
  return home;
}

function tcp(port: string): string {
  return `${port}/tcp`;
}

/** The tests ask the program itself whether it is ready, however often it was started. */
export const AT_ONCE: WaitStrategy = {
  waitUntilReady: async () => undefined,
  withStartupTimeout: () => AT_ONCE,
  isStartupTimeoutSet: () => false,
  getStartupTimeout: () => 0,
};

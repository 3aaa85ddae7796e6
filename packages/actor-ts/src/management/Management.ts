// The HTTP endpoints of a node, for operators, load balancers and Prometheus.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { CoordinatedShutdownId, Phases } from '../actor/CoordinatedShutdown.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { ManagementBindError } from '../errors.ts';
import { checkOptions, isPort, isString } from '../options.ts';
import { EventFeed } from './EventFeed.ts';
import { HopRelayId } from './HopRelay.ts';
import { Metrics } from './Metrics.ts';
import { managementRoutes } from './managementRoutes.ts';
import { answer } from './router.ts';

export interface ManagementOptions {
  /** Where to listen. Default 127.0.0.1: the endpoints have no access control of their own. */
  host?: string;
  /** 0 takes a free one. Default 8551. */
  port?: number;
  /** What people call this node. Default: the `name` in the lines of its log, when that has one. */
  nodeName?: string;
}

/** Milliseconds that requests under way may take when the server closes. */
const closeGraceMs = 1000;
const maxConnections = 256;

/**
 * Serves `/cluster/members`, `/cluster/shards`, `/health`, `/ready`, `/metrics`, `/events`, and at `/`
 * a page that shows it all. A coordinated shutdown closes it late, so that `/ready` can say 503 while
 * the node leaves.
 * @throws OptionsError for a bad option
 * @throws ManagementBindError when the port is taken or the host is not this machine's
 */
export async function startManagement(
  system: ActorSystem,
  cluster: Cluster,
  options: ManagementOptions = {},
): Promise<Management> {
  checkOptions('startManagement', options, {
    host: isString,
    port: isPort,
    nodeName: isString,
  });
  const { host = '127.0.0.1', port = 8551, nodeName = nameInLog(system) } = options;
  system.extension(HopRelayId).start(cluster, nodeName);
  const management = new Management(system, cluster);
  await management.listen(host, port);
  return management;
}

export class Management {
  private readonly system: ActorSystem;
  private readonly server: Server;
  private readonly feed: EventFeed;
  private bound!: AddressInfo;
  private closing: Promise<void> | null = null;
  private shuttingDown = false;

  /** @internal Use `startManagement`. */
  constructor(system: ActorSystem, cluster: Cluster) {
    this.system = system;
    this.feed = new EventFeed(system, cluster);
    const routes = managementRoutes({
      system,
      cluster,
      feed: this.feed,
      metrics: new Metrics(system, cluster, this.feed),
      isShuttingDown: () => this.shuttingDown,
    });
    this.server = createServer((request, response) => {
      void answer(routes, system.log, request, response);
    });
    this.server.maxConnections = maxConnections;
  }

  get host(): string {
    return this.bound.address;
  }

  /** The port in use, also when 0 was asked for. */
  get port(): number {
    return this.bound.port;
  }

  /** `http://host:port` */
  get url(): string {
    const { address, family, port } = this.bound;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @internal @throws ManagementBindError */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (cause) => reject(bindError(host, port, cause)));
      this.server.listen({ host, port }, resolve);
    });
    this.bound = this.server.address() as AddressInfo;
    this.server.removeAllListeners('error');
    this.server.on('error', (err) => this.system.log.error({ err }, 'management server'));
    const shutdown = this.system.extension(CoordinatedShutdownId);
    shutdown.addTask(Phases.BeforeServiceUnbind, 'management-not-ready', () => {
      this.shuttingDown = true;
    });
    shutdown.addTask(Phases.BeforeActorSystemTerminate, 'management-close', () => this.close());
    this.system.registerOnTermination(() => this.close());
  }

  /** Ends event streams, lets requests under way finish, frees the port. Idempotent. */
  close(): Promise<void> {
    this.closing ??= new Promise<void>((resolve) => {
      this.feed.close();
      const timer = setTimeout(() => this.server.closeAllConnections(), closeGraceMs);
      this.server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A pino logger says which fields stand in all of its lines. */
function nameInLog({ log }: ActorSystem): string | null {
  const { name } = (log as { bindings?: () => { name?: unknown } }).bindings?.() ?? {};
  return typeof name === 'string' ? name : null;
}

function bindError(host: string, port: number, cause: Error): ManagementBindError {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} on ${host} is taken; stop who listens there or choose another port`
      : `cannot listen on ${host}:${port} (${code ?? cause.message})`;
  return new ManagementBindError(`management endpoints: ${why}`, { cause });
}

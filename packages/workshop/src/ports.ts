// Which ports the nodes get, and whether they are free before anything is started.
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { WorkshopError } from './errors.ts';
import type { Settings } from './settings.ts';
import { typedCommand } from './typed.ts';

export interface NodePorts {
  readonly name: string;
  readonly http: number;
  readonly management: number;
  readonly cluster: number;
}

interface Wanted {
  readonly port: number;
  readonly host: string;
  readonly use: string;
  readonly flag: string;
}

/** Where the nodes listen. */
export const LOOPBACK = '127.0.0.1';
const FIRST_FREE = 20_000;
const LAST_FREE = 32_000;

export interface Ports {
  readonly nodes: readonly NodePorts[];
  /** The cluster view's. */
  readonly view: number;
}

/**
 * The ports of every node and of the view, all different, all free a moment ago.
 * @throws WorkshopError naming every taken port, who holds it where that can be seen, and the remedy
 */
export async function planPorts(settings: Settings): Promise<Ports> {
  const chosen = await choosePorts(settings);
  const wanted: Wanted[] = chosen.flatMap((node) => [
    { port: node.http, host: LOOPBACK, use: `${node.name}'s HTTP`, flag: '--http-port' },
    {
      port: node.management,
      host: LOOPBACK,
      use: `${node.name}'s management`,
      flag: '--management-port',
    },
    { port: node.cluster, host: LOOPBACK, use: `${node.name}'s cluster`, flag: '--cluster-port' },
  ]);
  const { port, host } = settings;
  const view = settings.viewPort || (await freePorts(1))[0]!;
  wanted.unshift(
    { port, host, use: 'the front door', flag: '--port' },
    { port: view, host: LOOPBACK, use: 'the cluster view', flag: '--view-port' },
  );
  const fixed = wanted.filter((one) => one.port !== 0);
  checkDifferent(fixed);
  const taken: Wanted[] = [];
  for (const one of fixed) {
    if (!(await isFree(one.port, one.host))) taken.push(one);
  }
  if (taken.length > 0) throw new WorkshopError(describeTaken(taken));
  return { nodes: chosen, view };
}

async function choosePorts(settings: Settings): Promise<NodePorts[]> {
  const kinds = [settings.httpPort, settings.managementPort, settings.clusterPort];
  const free = await freePorts(kinds.filter((base) => base === 0).length * settings.nodes);
  const port = (base: number, index: number) => (base === 0 ? free.pop()! : base + index);
  return Array.from({ length: settings.nodes }, (_, index) => ({
    name: `node${index + 1}`,
    http: port(settings.httpPort, index),
    management: port(settings.managementPort, index),
    cluster: port(settings.clusterPort, index),
  }));
}

/**
 * `count` different ports where nobody listens, from below the range that systems take the local
 * ports of outgoing connections from: one of those could otherwise sit on a node's port while the
 * node restarts. As long as this process lives, no other one is given them by this function.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(FIRST_FREE, LAST_FREE + 1);
    if ((await isFree(port, LOOPBACK)) && (await reserve(port))) ports.push(port);
  }
  return ports;
}

const reserved = new Set<Socket>();

/**
 * Marks a port as given: by a UDP socket there, which is in nobody's way, and which the system closes
 * when this process ends, however it does. @returns false when it was given before
 */
export async function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: LOOPBACK, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  reserved.add(socket.unref());
  return true;
}

function checkDifferent(wanted: readonly Wanted[]): void {
  const uses = new Map<number, Wanted>();
  for (const one of wanted) {
    const other = uses.get(one.port);
    if (other !== undefined) {
      throw new WorkshopError(
        `Port ${one.port} is meant for ${other.use} and for ${one.use}. ` +
          `Choose another ${other.flag} or ${one.flag}.`,
      );
    }
    uses.set(one.port, one);
  }
}

/** Whether somebody could listen there now. */
export async function isFree(port: number, host: string): Promise<boolean> {
  try {
    await close(await listen(port, host));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return false;
    throw new WorkshopError(`Cannot listen on ${host}:${port}: ${(error as Error).message}`);
  }
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function describeTaken(taken: readonly Wanted[]): string {
  const lines = taken.map((one) => {
    const holder = process.platform === 'linux' ? findHolder(one.port) : null;
    const by = holder === null ? '' : ` by process ${holder.pid} (${holder.command})`;
    const remedy = holder === null ? 'Stop what holds it' : `Stop it (kill ${holder.pid})`;
    const instead = one.port > 55_000 ? one.port - 10_000 : one.port + 1_000;
    return (
      `Port ${one.port}, for ${one.use}, is taken${by}.\n` +
      `  ${remedy}, or choose another: ${typedCommand()} -- ${one.flag} ${instead}`
    );
  });
  return `${lines.join('\n')}\nNothing was started.`;
}

/** Linux: who listens on the port, as far as this user may see. */
export function findHolder(port: number): { pid: number; command: string } | null {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return null;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const descriptors = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    for (const descriptor of descriptors) {
      const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      if (target === null || !sockets.has(target)) continue;
      const line = unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
      const command = line.split('\0').join(' ').trim();
      return {
        pid: Number(pid),
        command: command.length > 80 ? `${command.slice(0, 79)}…` : command,
      };
    }
  }
  return null;
}

/** The links that `/proc/<pid>/fd` shows for sockets listening on the port. */
function listeningSockets(port: number): Set<string> {
  const LISTEN = '0A';
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const found = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const rows = (unlessGone(() => readFileSync(table, 'utf8')) ?? '').split('\n');
    for (const row of rows) {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
      if (state === LISTEN && local?.endsWith(suffix)) found.add(`socket:[${inode}]`);
    }
  }
  return found;
}

/** Processes end while /proc is being read, and others' are not ours to read: both are "unknown". */
function unlessGone<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EPERM' || code === 'ESRCH') return null;
    throw error;
  }
}

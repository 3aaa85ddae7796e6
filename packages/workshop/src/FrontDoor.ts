// The front door: one TCP port in front of the nodes. It moves bytes and reads none of them, so
// HTTP, keep-alive and WebSockets pass untouched, `Host` and `Origin` included.
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

/** Where a node takes clients. */
export interface Upstream {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface FrontDoorOptions {
  /** How long a node may take to accept a connection, in milliseconds. Default 1,000. */
  readonly connectTimeoutMs?: number;
  /** Clients at once; what comes above is turned away at accept. Default 4,096. */
  readonly maxConnections?: number;
  /** Told when a node refuses or does not accept a connection; it is withheld by then. */
  readonly onRefused?: (name: string) => void;
}

interface Door extends Upstream {
  admitted: boolean;
  /** Connections being made or open; what "least connections" counts. */
  readonly clients: Set<Socket>;
  lastChosen: number;
}

/** How long a client that cannot be served may take to send its request and read the answer. */
const REFUSAL_LINGER_MS = 2_000;

/**
 * A client belongs to one node for the life of its TCP connection: the admitted node with the
 * fewest clients, or the next one when that refuses before any byte was sent. Bytes are not read
 * from a client before its node has accepted, and after that `pipeline` moves them only as fast as
 * the other side takes them, so nothing piles up here.
 */
export class FrontDoor {
  readonly #doors: Map<string, Door>;
  readonly #connectTimeoutMs: number;
  readonly #onRefused: (name: string) => void;
  readonly #server: Server;
  readonly #turnedAway = new Set<Socket>();
  #choices = 0;

  constructor(upstreams: readonly Upstream[], options: FrontDoorOptions = {}) {
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 1_000;
    this.#onRefused = options.onRefused ?? (() => {});
    this.#doors = new Map(
      upstreams.map((upstream) => [
        upstream.name,
        { ...upstream, admitted: false, clients: new Set<Socket>(), lastChosen: 0 },
      ]),
    );
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (c) =>
      this.#serve(c),
    );
    this.#server.maxConnections = options.maxConnections ?? 4_096;
  }

  /** Resolves with the port in use (0 asks the system for one); rejects when it is taken. */
  listen(port: number, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Send clients to this node. */
  admit(name: string): void {
    this.#door(name).admitted = true;
  }

  /** Send it no new clients; those that it has stay. */
  withhold(name: string): void {
    this.#door(name).admitted = false;
  }

  /** Send it no new clients, and close those that it has, so that they come again. */
  drop(name: string): void {
    const door = this.#door(name);
    door.admitted = false;
    for (const client of door.clients) client.destroy();
  }

  isAdmitted(name: string): boolean {
    return this.#door(name).admitted;
  }

  connections(name: string): number {
    return this.#door(name).clients.size;
  }

  /** Takes no new client from now on; the open connections stay. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Takes no new client and closes every open connection. */
  close(): Promise<void> {
    const closed = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : Promise.resolve();
    for (const name of this.#doors.keys()) this.drop(name);
    for (const client of this.#turnedAway) client.destroy();
    return closed;
  }

  #door(name: string): Door {
    const door = this.#doors.get(name);
    if (door === undefined) throw new Error(`there is no node ${name} behind the front door`);
    return door;
  }

  /** The admitted node with the fewest clients; among equals the one that waited longest. */
  #choose(tried: ReadonlySet<Door>): Door | undefined {
    let best: Door | undefined;
    for (const door of this.#doors.values()) {
      if (!door.admitted || tried.has(door)) continue;
      const fewer = best === undefined ? 1 : best.clients.size - door.clients.size;
      if (best === undefined || fewer > 0 || (fewer === 0 && door.lastChosen < best.lastChosen)) {
        best = door;
      }
    }
    if (best !== undefined) best.lastChosen = ++this.#choices;
    return best;
  }

  async #serve(client: Socket): Promise<void> {
    // A client that goes away is no error of ours; its `close` is what matters here.
    client.on('error', () => client.destroy());
    const tried = new Set<Door>();
    for (let door = this.#choose(tried); door !== undefined; door = this.#choose(tried)) {
      tried.add(door);
      door.clients.add(client);
      const upstream = await this.#connect(door);
      if (upstream !== null && !client.destroyed) {
        this.#join(client, upstream, door);
        return;
      }
      upstream?.destroy();
      door.clients.delete(client);
      if (client.destroyed) return;
      this.withhold(door.name);
      this.#onRefused(door.name);
    }
    this.#turnAway(client);
  }

  #connect(door: Door): Promise<Socket | null> {
    return new Promise((resolve) => {
      const upstream = connect({
        host: door.host,
        port: door.port,
        allowHalfOpen: true,
        noDelay: true,
      });
      // Where it was this process that stood still, the answer lies here unread: that comes first.
      const judge = () => setImmediate(() => upstream.connecting && failed());
      const tooLate = setTimeout(judge, this.#connectTimeoutMs);
      const failed = () => {
        clearTimeout(tooLate);
        upstream.destroy();
        resolve(null);
      };
      upstream.once('error', failed);
      upstream.once('connect', () => {
        clearTimeout(tooLate);
        upstream.off('error', failed);
        resolve(upstream);
      });
    });
  }

  /** Bytes both ways; an end passes on as an end, and a failure of either side closes both. */
  #join(client: Socket, upstream: Socket, door: Door): void {
    const closeBoth = (error: Error | null | undefined) => {
      if (!error) return;
      client.destroy();
      upstream.destroy();
    };
    client.once('close', () => {
      door.clients.delete(client);
      upstream.destroy();
    });
    pipeline(client, upstream, closeBoth);
    pipeline(upstream, client, closeBoth);
  }

  /** Answers 503 once the client has asked something: an answer before the question confuses. */
  #turnAway(client: Socket): void {
    this.#turnedAway.add(client);
    const linger = setTimeout(() => client.destroy(), REFUSAL_LINGER_MS);
    client.once('close', () => {
      clearTimeout(linger);
      this.#turnedAway.delete(client);
    });
    client.once('data', () => client.end(NO_NODE_READY));
    client.once('end', () => client.end());
    client.resume();
  }
}

const NO_NODE_READY = (() => {
  const body = `${JSON.stringify({
    type: 'about:blank',
    title: 'No node is ready',
    status: 503,
    code: 'no-node-ready',
    detail:
      'The nodes behind this front door are starting, stopping or gone. Try again in a moment.',
  })}\n`;
  return [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Retry-After: 1',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
})();

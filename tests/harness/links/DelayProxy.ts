// A TCP proxy that holds everything for a while before it passes it on, in both directions.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A direction that holds so much reads nothing more until some of it has gone. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

export class DelayProxy implements AsyncDisposable {
  readonly at: Endpoint;
  private readonly server: Server;
  private readonly delayMs: number;
  private readonly sockets = new Set<Socket>();

  /** Listens on a port of `host` that is free. */
  static async listen(host: string, to: Endpoint, delayMs: number): Promise<DelayProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await once(server.listen(0, host), 'listening');
    return new DelayProxy(server, to, delayMs);
  }

  private constructor(server: Server, to: Endpoint, delayMs: number) {
    this.server = server;
    this.delayMs = delayMs;
    const { address, port } = server.address() as { address: string; port: number };
    this.at = { host: address, port };
    server.on('connection', (client) => this.join(client, to));
  }

  /** Connections end by a reset; none is taken any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Who is there is known only after the client was let in: a refusal comes to it as a reset. */
  private join(client: Socket, to: Endpoint): void {
    const server = connect({ ...to, allowHalfOpen: true, noDelay: true });
    this.pass(client, server);
    this.pass(server, client);
  }

  private pass(from: Socket, to: Socket): void {
    let held = 0;
    const later = (act: () => void) => {
      setTimeout(() => {
        if (!to.destroyed) act();
      }, this.delayMs).unref();
    };
    const flow = () => {
      if (held + to.writableLength > MAX_HELD_BYTES) from.pause();
      else from.resume();
    };
    this.sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      held += chunk.length;
      flow();
      later(() => {
        held -= chunk.length;
        to.write(chunk);
        flow();
      });
    });
    to.on('drain', flow);
    from.on('end', () => later(() => to.end()));
    // `close` follows, and takes the other side along.
    from.on('error', () => undefined);
    from.on('close', (hadError) => {
      this.sockets.delete(from);
      if (hadError) later(() => to.resetAndDestroy());
    });
  }
}

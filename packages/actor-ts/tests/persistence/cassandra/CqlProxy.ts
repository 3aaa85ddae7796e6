// A TCP proxy in front of Cassandra that understands as much of its protocol as is needed to lose
// just the message that a test is about. Frames: 9 bytes of header, the last 4 of them the length.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const HEADER_BYTES = 9;
const BATCH = 0x0d;

/**
 * What happens to the next batch. Its client is cut off in each case, and before that:
 * `drop`: it never reaches the server; `half`: the server gets half of it; `answer`: the server gets
 * it and answers; `hold`: it is kept, and sent to the server by `letGo()`.
 */
export type Fate = 'drop' | 'half' | 'answer' | 'hold';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class CqlProxy {
  /** Batches that clients have sent. */
  batches = 0;
  /** Connections that clients have made. */
  connections = 0;
  private readonly target: { host: string; port: number };
  private readonly listener: Server;
  private readonly pairs = new Set<Pair>();
  private fate: Fate | null = null;
  private isCut = false;
  private isMute = false;
  private cutAfterwards = false;
  private held: { server: Socket; frame: Buffer } | null = null;

  private constructor(target: { host: string; port: number }) {
    this.target = target;
    this.listener = createServer((client) => this.accept(client));
  }

  static async start(contactPoint: string, ownPort = 0): Promise<CqlProxy> {
    const [host, port = '9042'] = contactPoint.split(':');
    const proxy = new CqlProxy({ host: host!, port: Number(port) });
    proxy.listener.listen(ownPort, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  get contactPoint(): string {
    return `127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** Decides on the next batch. With `cut`, nobody gets through any more after it. */
  loseNextBatch(fate: Fate, { cut = false } = {}): void {
    this.fate = fate;
    this.cutAfterwards = cut;
  }

  /** Ends all connections, and all that are made from now on until `restore()`. */
  cut(): void {
    this.isCut = true;
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
  }

  restore(): void {
    this.isCut = false;
  }

  /** While it is mute no byte passes, and no connection ends: as when a link is cut. */
  mute(isMute: boolean): void {
    this.isMute = isMute;
    for (const { client, server } of this.pairs) {
      for (const socket of [client, server]) isMute ? socket.pause() : socket.resume();
    }
  }

  /** Sends the batch that was held, and resolves once the server has answered it. */
  async letGo(): Promise<void> {
    const { server, frame } = this.held!;
    this.held = null;
    const answered = once(server, 'data');
    server.write(frame);
    await answered;
    server.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.held?.server.destroy();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    this.connections++;
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect(this.target);
    const pair = { client, server };
    this.pairs.add(pair);
    if (this.isMute) for (const socket of [client, server]) socket.pause();
    let received: Buffer = Buffer.alloc(0);
    client.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (;;) {
        const length = frameLength(received);
        if (length === null || received.length < length) return;
        const frame = received.subarray(0, length);
        received = received.subarray(length);
        this.forward(frame, pair);
      }
    });
    server.on('data', (bytes) => client.write(bytes));
    client.on('close', () => {
      this.pairs.delete(pair);
      if (this.held?.server !== server) server.destroy();
    });
    server.on('close', () => client.destroy());
    // A connection that breaks is closed next, and that is seen to above.
    client.on('error', () => undefined);
    server.on('error', () => undefined);
  }

  private forward(frame: Buffer, pair: Pair): void {
    const isBatch = frame[4] === BATCH;
    if (isBatch) this.batches++;
    if (!isBatch || this.fate === null) {
      if (!pair.client.destroyed) pair.server.write(frame);
      return;
    }
    const { fate } = this;
    this.fate = null;
    this.lose(fate, frame, pair);
  }

  private lose(fate: Fate, frame: Buffer, pair: Pair): void {
    const { client, server } = pair;
    server.removeAllListeners('data');
    const end = () => {
      client.destroy();
      if (this.cutAfterwards) this.cut();
    };
    switch (fate) {
      case 'drop':
        end();
        break;
      case 'half':
        server.write(frame.subarray(0, frame.length >> 1), end);
        break;
      case 'answer':
        server.once('data', end);
        server.write(frame);
        break;
      case 'hold':
        this.held = { server, frame };
        end();
        break;
      default:
        fate satisfies never;
    }
  }
}

function frameLength(bytes: Buffer): number | null {
  return bytes.length < HEADER_BYTES ? null : HEADER_BYTES + bytes.readUInt32BE(HEADER_BYTES - 4);
}

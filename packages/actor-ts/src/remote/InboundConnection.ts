// One TCP connection that a peer opened: handshake, then frames from the peer to us.
import type { Socket } from 'node:net';
import type { UniqueAddress } from '../actor/Address.ts';
import { ActorTsError, type HandshakeError } from '../errors.ts';
import { FrameReader } from './FrameReader.ts';
import { framed } from './framed.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKE_FRAME_BYTES, ServerHandshake } from './Handshake.ts';
import type { TcpEnvironment } from './TcpEnvironment.ts';
import type { RejectReason } from './Transport.ts';

export interface InboundListener {
  onEstablished(connection: InboundConnection, peer: UniqueAddress): void;
  /** Once, and never after `destroy`. */
  onClosed(connection: InboundConnection): void;
}

export class InboundConnection {
  /** Null until the handshake has succeeded. */
  peer: UniqueAddress | null = null;
  private readonly environment: TcpEnvironment;
  private readonly listener: InboundListener;
  private readonly socket: Socket;
  private readonly handshake: ServerHandshake;
  private readonly reader: FrameReader;
  private readonly timer: NodeJS.Timeout;
  private ended = false;

  constructor(environment: TcpEnvironment, socket: Socket, listener: InboundListener) {
    this.environment = environment;
    this.socket = socket;
    this.listener = listener;
    this.handshake = new ServerHandshake(environment.handshake());
    this.reader = new FrameReader(MAX_HANDSHAKE_FRAME_BYTES, (bytes, start, end) =>
      this.onFrame(bytes, start, end),
    );
    this.timer = setTimeout(
      () => this.refuse(`no handshake within ${HANDSHAKE_TIMEOUT_MS} ms`),
      environment.handshakeTimeoutMs,
    );
    socket.setNoDelay(true);
    socket
      .on('data', (chunk) => this.onData(chunk))
      .on('end', () => socket.destroy())
      // What went wrong does not matter: 'close' follows, and the peer's own connection tells more.
      .on('error', (error) => environment.log.debug({ error }, 'inbound connection broke'))
      .on('close', () => this.onClose());
  }

  /** Closes at once, without telling the listener. */
  destroy(): void {
    this.ended = true;
    this.stop();
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    this.environment.counters.bytesIn += chunk.length;
    try {
      this.reader.push(chunk);
    } catch (error) {
      // Whatever is wrong with a frame must not reach beyond its connection.
      this.refuse(
        error instanceof ActorTsError ? error.message : 'a frame could not be handled',
        error,
      );
    }
  }

  private onFrame(bytes: Buffer, start: number, end: number): void {
    if (this.peer === null) {
      this.onHandshakeFrame(bytes.subarray(start, end));
    } else {
      this.environment.counters.framesIn++;
      this.environment.events.frame(this.peer, bytes, start, end);
    }
  }

  private onHandshakeFrame(frame: Uint8Array): void {
    const step = this.handshake.receive(frame);
    if (step.reply !== undefined) this.socket.write(framed(step.reply));
    if (step.error !== undefined) {
      this.reject(step.error, step.by ?? 'us');
    } else if (step.peer !== undefined) {
      clearTimeout(this.timer);
      this.reader.maxFrameBytes = this.environment.maxFrameBytes;
      this.peer = step.peer;
      this.listener.onEstablished(this, step.peer);
    }
  }

  private reject(error: HandshakeError, by: 'us' | 'them'): void {
    this.refuse(`handshake failed: ${error.message}`, error);
    const { claimed } = this.handshake;
    if (claimed !== null) {
      this.environment.events.rejected(claimed.address, error.reason as RejectReason, by);
    }
  }

  private refuse(reason: string, error?: unknown): void {
    const peer = this.peer ?? this.handshake.claimed;
    const fields = { peer: peer?.address.toString(), from: this.socket.remoteAddress, error };
    const about = `${fields.from} ${reason}`;
    this.environment.complaints.warn(about, fields, `inbound connection closed: ${reason}`);
    this.stop();
    this.socket.destroySoon();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.reader.stop();
  }

  private onClose(): void {
    this.stop();
    if (this.ended) return;
    this.ended = true;
    this.listener.onClosed(this);
  }
}

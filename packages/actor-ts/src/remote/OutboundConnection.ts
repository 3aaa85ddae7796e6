// One TCP connection that we opened: dial, handshake, then frames from us to the peer.
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Address, UniqueAddress } from '../actor/Address.ts';
import { ActorTsError, HandshakeError } from '../errors.ts';
import { FrameReader } from './FrameReader.ts';
import { framed } from './framed.ts';
import { ClientHandshake, HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKE_FRAME_BYTES } from './Handshake.ts';
import type { TcpEnvironment } from './TcpEnvironment.ts';
import type { RejectReason } from './Transport.ts';

const CONNECT_TIMEOUT_MS = 2000;

/** How a connection ended, and how far it had come. */
export interface ConnectionEnd {
  readonly phase: 'connecting' | 'handshaking' | 'established';
  /** The system's error code, such as ECONNREFUSED, or null when the peer just closed. */
  readonly code: string | null;
  readonly rejected: { readonly reason: RejectReason; readonly by: 'us' | 'them' } | null;
}

export interface OutboundListener {
  onEstablished(peer: UniqueAddress): void;
  /** The socket can take more. */
  onDrain(): void;
  /** Once, and never after `destroy`. */
  onEnd(end: ConnectionEnd): void;
}

export class OutboundConnection {
  private readonly environment: TcpEnvironment;
  private readonly target: Address;
  private readonly listener: OutboundListener;
  private readonly socket: Socket;
  private readonly handshake: ClientHandshake;
  private readonly reader: FrameReader;
  private timer: NodeJS.Timeout;
  private phase: ConnectionEnd['phase'] = 'connecting';
  private rejected: ConnectionEnd['rejected'] = null;
  private errorCode: string | null = null;
  private ended = false;

  constructor(environment: TcpEnvironment, target: Address, listener: OutboundListener) {
    this.environment = environment;
    this.target = target;
    this.listener = listener;
    this.handshake = new ClientHandshake(environment.handshake(), target);
    this.reader = new FrameReader(MAX_HANDSHAKE_FRAME_BYTES, (bytes, start, end) =>
      this.onFrame(bytes.subarray(start, end)),
    );
    const to = { host: bareHost(target.host), port: target.port };
    this.socket =
      environment.tls === undefined
        ? connectTcp({ ...to, noDelay: true })
        : connectTls({ ...(environment.tls as ConnectionOptions), ...to });
    this.timer = setTimeout(() => this.fail('ETIMEDOUT'), CONNECT_TIMEOUT_MS);
    // A TLS socket is ready only after its own event.
    const ready = environment.tls === undefined ? 'connect' : 'secureConnect';
    this.socket.once(ready as 'connect', () => this.onConnect());
    this.socket
      .on('data', (chunk) => this.onData(chunk))
      .on('drain', () => listener.onDrain())
      .on('end', () => this.socket.destroy())
      .on('error', (error: NodeJS.ErrnoException) => {
        this.errorCode ??= error.code ?? error.message;
      })
      .on('close', () => this.onClose());
  }

  /** Whether the socket holds as much as it should; wait for `onDrain` then. */
  get congested(): boolean {
    return this.socket.writableNeedDrain;
  }

  /** Whether the operating system has all that was written, so that nobody reads its memory again. */
  get drained(): boolean {
    return this.socket.writableLength === 0;
  }

  /** One write to the operating system for all of `slabs`. */
  write(slabs: readonly Uint8Array[]): void {
    const { socket } = this;
    const { counters } = this.environment;
    counters.writes++;
    if (slabs.length > 1) socket.cork();
    for (const slab of slabs) {
      counters.bytesOut += slab.length;
      socket.write(slab);
    }
    if (slabs.length > 1) socket.uncork();
  }

  /** Closes at once, without telling the listener. */
  destroy(): void {
    this.ended = true;
    this.reader.stop();
    clearTimeout(this.timer);
    this.socket.destroy();
  }

  /** Closes after what has been written is out, or after `timeoutMs`. Does not tell the listener. */
  async end(timeoutMs: number): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    if (this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.socket.destroy(), timeoutMs);
      this.socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (this.phase === 'established') this.socket.end();
      else this.socket.destroy();
    });
  }

  private onConnect(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fail('ETIMEDOUT'), HANDSHAKE_TIMEOUT_MS);
    this.phase = 'handshaking';
    this.socket.setNoDelay(true);
    this.socket.write(framed(this.handshake.start()));
  }

  private onData(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ActorTsError)) throw error;
      this.reject(new HandshakeError('malformed', error.message, { cause: error }), 'us');
    }
  }

  private onFrame(frame: Uint8Array): void {
    if (this.phase === 'established') {
      const error = new HandshakeError('malformed', 'frames came on a connection that is ours');
      this.reject(error, 'us');
      return;
    }
    const step = this.handshake.receive(frame);
    if (step.reply !== undefined) this.socket.write(framed(step.reply));
    if (step.error !== undefined) {
      this.reject(step.error, step.by ?? 'us');
    } else if (step.peer !== undefined) {
      clearTimeout(this.timer);
      this.phase = 'established';
      this.listener.onEstablished(step.peer);
    }
  }

  private reject(error: HandshakeError, by: 'us' | 'them'): void {
    const { complaints } = this.environment;
    const fields = { peer: this.target.toString(), reason: error.reason, by };
    const message = `handshake with ${this.target} failed: ${error.message}`;
    complaints.warn(message, fields, message);
    this.rejected = { reason: error.reason as RejectReason, by };
    this.reader.stop();
    this.socket.destroySoon();
  }

  private fail(code: string): void {
    this.errorCode ??= code;
    this.socket.destroy();
  }

  private onClose(): void {
    clearTimeout(this.timer);
    if (this.ended) return;
    this.ended = true;
    const { phase, rejected, errorCode } = this;
    this.listener.onEnd({ phase, rejected, code: errorCode });
  }
}

/** An IPv6 address is written in brackets in an address, and without for the system. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

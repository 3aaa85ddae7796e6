// Frames over TCP: one connection per peer and direction of use. We send on the connections that we
// opened (Peer) and receive on those that were opened to us (InboundConnection).
import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Address, type UniqueAddress } from '../actor/Address.ts';
import type { Logger } from '../actor/Logger.ts';
import { TransportBindError } from '../errors.ts';
import { Complaints } from './Complaints.ts';
import { DEFAULT_MAX_FRAME_BYTES } from './FrameReader.ts';
import { HANDSHAKE_TIMEOUT_MS } from './Handshake.ts';
import { InboundConnection, type InboundListener } from './InboundConnection.ts';
import { bareHost } from './OutboundConnection.ts';
import { Peer, type PeerOwner } from './Peer.ts';
import { DEFAULT_MARKS, type SendQueueMarks } from './SendQueue.ts';
import type { TcpCounters, TcpEnvironment } from './TcpEnvironment.ts';
import type { Lane, Transport, TransportEvents, TransportIdentity } from './Transport.ts';

/** Connections that have not been authenticated yet; more are turned away. */
const MAX_STRANGERS = 256;

export interface TcpTransportOptions {
  readonly log: Logger;
  /** Where to listen; the host that peers are told by default. */
  readonly bindHost?: string;
  /** Shared by all nodes; without it anybody who reaches the port may join in. */
  readonly secret?: string;
  /** Node's TLS options, for the server and for the client side. */
  readonly tls?: TlsOptions;
  /** Bytes, in both directions. Default 1 MiB. */
  readonly maxFrameBytes?: number;
  readonly marks?: SendQueueMarks;
  /** Milliseconds a peer has for its part of the handshake. Default 5000. */
  readonly handshakeTimeoutMs?: number;
}

export class TcpTransport implements Transport, InboundListener, PeerOwner {
  readonly counters: TcpCounters = {
    framesIn: 0,
    framesOut: 0,
    framesRefused: 0,
    bytesIn: 0,
    bytesOut: 0,
    writes: 0,
  };
  private readonly options: TcpTransportOptions;
  private readonly complaints: Complaints;
  private readonly maxFrameBytes: number;
  private readonly peers = new Map<string, Peer>();
  private readonly strangers = new Set<InboundConnection>();
  private readonly inbound = new Map<string, InboundConnection>();
  /** Peers that were sent something since the last flush. */
  private dirty: Peer[] = [];
  private environment: TcpEnvironment | null = null;
  private server: Server | null = null;
  private closed = false;

  constructor(options: TcpTransportOptions) {
    this.options = options;
    this.complaints = new Complaints(options.log);
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** Bytes that wait to be written, over all peers. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const peer of this.peers.values()) bytes += peer.queuedBytes;
    return bytes;
  }

  /** @throws TransportBindError when the port is taken or the host is not ours */
  async listen(self: TransportIdentity, events: TransportEvents): Promise<Address> {
    const { bindHost, tls, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.options;
    const accept = (socket: Socket) => this.accept(socket);
    const server =
      tls === undefined
        ? createTcpServer(accept)
        : createTlsServer({ handshakeTimeout: handshakeTimeoutMs, ...tls }, accept);
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      const fields = { from: socket.remoteAddress, error };
      this.complaints.warn(`${fields.from} tls`, fields, 'inbound connection closed: TLS failed');
    });
    this.server = server;
    const port = await bind(server, bindHost ?? self.host, self.port);
    server.on('error', (error) => this.options.log.error({ error }, 'the listening socket failed'));
    const address = new Address(self.system, self.host, port);
    this.environment = this.environmentFor(address, self, events, handshakeTimeoutMs);
    return address;
  }

  send(peer: Address, frame: Uint8Array, lane: Lane): boolean {
    if (this.closed || frame.length > this.maxFrameBytes) {
      this.counters.framesRefused++;
      return false;
    }
    return this.peerFor(peer).send(frame, lane);
  }

  flush(): void {
    const { dirty } = this;
    this.dirty = [];
    for (const peer of dirty) peer.flush();
  }

  disconnect(address: Address, reason: string, uid?: string): void {
    const key = address.toString();
    const inbound = this.inbound.get(key);
    if (inbound !== undefined && (uid === undefined || inbound.peer!.uid === uid)) {
      this.inbound.delete(key);
      inbound.destroy();
    }
    const peer = this.peers.get(key);
    if (peer !== undefined && (uid === undefined || peer.leadsTo(uid))) peer.reset(reason);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { server } = this;
    const stopped = new Promise<void>((resolve) => {
      if (server === null) resolve();
      else server.close(() => resolve());
    });
    const peers = [...this.peers.values()];
    this.peers.clear();
    await Promise.all(peers.map((peer) => peer.close()));
    for (const connection of [...this.strangers, ...this.inbound.values()]) connection.destroy();
    this.strangers.clear();
    this.inbound.clear();
    await stopped;
  }

  onEstablished(connection: InboundConnection, peer: UniqueAddress): void {
    this.strangers.delete(connection);
    const key = peer.address.toString();
    // The peer opened a new one, so it has given the old one up; what is left there must not come later.
    this.inbound.get(key)?.destroy();
    this.inbound.set(key, connection);
    this.environment!.established(peer);
  }

  onClosed(connection: InboundConnection): void {
    this.strangers.delete(connection);
    const address = connection.peer?.address;
    if (address === undefined || this.inbound.get(address.toString()) !== connection) return;
    this.inbound.delete(address.toString());
    if (!this.closed) this.peerFor(address).probe();
  }

  onUnflushed(peer: Peer): void {
    this.dirty.push(peer);
  }

  onIdle(peer: Peer): void {
    const key = peer.address.toString();
    if (this.peers.get(key) === peer) this.peers.delete(key);
  }

  private accept(socket: Socket): void {
    if (this.closed || this.strangers.size >= MAX_STRANGERS) {
      const from = socket.remoteAddress;
      this.complaints.warn(`${from} strangers`, { from }, 'too many unknown connections');
      socket.on('error', () => socket.destroy()).destroy();
      return;
    }
    this.strangers.add(new InboundConnection(this.environment!, socket, this));
  }

  private peerFor(address: Address): Peer {
    const key = address.toString();
    let peer = this.peers.get(key);
    if (peer === undefined) {
      const incarnation = this.inbound.get(key)?.peer?.uid ?? null;
      peer = new Peer(this.environment!, address, incarnation, this);
      this.peers.set(key, peer);
    }
    return peer;
  }

  private environmentFor(
    address: Address,
    self: TransportIdentity,
    events: TransportEvents,
    handshakeTimeoutMs: number,
  ): TcpEnvironment {
    const { log, secret, tls, marks = DEFAULT_MARKS } = this.options;
    const quarantined = (peer: UniqueAddress) => events.quarantined(peer);
    return {
      log,
      complaints: this.complaints,
      events,
      tls,
      marks,
      handshakeTimeoutMs,
      maxFrameBytes: this.maxFrameBytes,
      counters: this.counters,
      handshake: () => ({ self: { address, uid: self.uid() }, secret, quarantined }),
      established: (peer) => {
        this.peers.get(peer.address.toString())?.meet(peer.uid);
        events.connected(peer);
      },
    };
  }
}

async function bind(server: Server, host: string, port: number): Promise<number> {
  try {
    const listening = once(server, 'listening');
    server.listen(port, bareHost(host));
    await listening;
  } catch (cause) {
    throw new TransportBindError(`cannot listen on ${host}:${port}: ${String(cause)}`, { cause });
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

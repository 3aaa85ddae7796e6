// What Remoting needs of a network: opaque frames between addresses, in order per pair, at most
// once. TcpTransport and the testkit's MemoryNetwork implement it.
import type { Address, UniqueAddress } from '../actor/Address.ts';

/**
 * `user`: in order, refused above the queue's high-water mark. `system`: in the same order, but may
 * use the reserve above that mark. `control`: ahead of both, may use the reserve too.
 */
export type Lane = 'control' | 'system' | 'user';

/** Why a peer is believed to be out of reach. `refused`: nobody listens there, the process is gone. */
export type LossEvidence = 'refused' | 'closed' | 'unreachable';

/** Why a handshake failed. `quarantined`: this incarnation has been removed from the cluster. */
export type RejectReason =
  | 'malformed'
  | 'wrong-version'
  | 'wrong-system'
  | 'wrong-address'
  | 'bad-secret'
  | 'quarantined';

export interface TransportIdentity {
  readonly system: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The current incarnation; asked anew for every handshake. */
  uid(): string;
}

export interface TransportEvents {
  /** A frame that stands in `bytes` from `start` to `end`; it is only valid during the call. */
  frame(from: UniqueAddress, bytes: Buffer, start: number, end: number): void;
  /** A handshake with that incarnation succeeded, in either direction: what was sent before may be lost. */
  connected(peer: UniqueAddress): void;
  lost(peer: Address, evidence: LossEvidence): void;
  /**
   * The handshake with `peer` failed. `by` tells who refused whom; `by: 'them'` with `quarantined`
   * means that this incarnation has been removed and must come back as a new one.
   */
  rejected(peer: Address, reason: RejectReason, by: 'us' | 'them'): void;
  /** Whether that incarnation has been removed. It is told so in the handshake and refused. */
  quarantined(peer: UniqueAddress): boolean;
  /** A frame that `send` had accepted and that will never be written. */
  undeliverable(peer: Address, frame: Buffer, reason: string): void;
}

export interface Transport {
  /** Binds and resolves with the address in use. */
  listen(self: TransportIdentity, events: TransportEvents): Promise<Address>;
  /**
   * Queues a copy of `frame`, to be written at the next `flush` at the latest. False: refused, because
   * the queue is over its mark, the frame over its limit, or the transport closed.
   */
  send(peer: Address, frame: Uint8Array, lane: Lane): boolean;
  /** Writes what was queued. Call it once at the end of each turn that sent something. */
  flush(): void;
  /**
   * Drops the connections in both directions and the queue (its frames become undeliverable). With
   * `uid`, only what belongs to that incarnation.
   */
  disconnect(peer: Address, reason: string, uid?: string): void;
  close(): Promise<void>;
}

// The way to one address: its send queue, and a connection for as long as there is a use for one.
//
//   idle ──send, probe──▶ connecting ──handshake──▶ established ──closes──▶ connecting (a probe)
//                             │ fails, nothing to send ▶ idle
//                             └ fails, something to send ▶ waiting ──backoff──▶ connecting
//
// The probe after every close is what tells a process that is gone (it refuses) from a connection
// that broke.
import type { Address, UniqueAddress } from '../actor/Address.ts';
import { type ConnectionEnd, OutboundConnection } from './OutboundConnection.ts';
import { SendQueue } from './SendQueue.ts';
import type { TcpEnvironment } from './TcpEnvironment.ts';
import type { Lane, LossEvidence } from './Transport.ts';

const BACKOFF_MIN_MS = 50;
/** A process that is being killed takes connections for a moment after it has closed the others. */
const INCONCLUSIVE_MIN_MS = 5;
const BACKOFF_MAX_MS = 1000;
/** A message on the control lane does not wait longer for the next attempt. */
const CONTROL_RETRY_MS = 100;
/** A connection that did not live this long does not count as a recovery. */
const STABLE_AFTER_MS = 1000;
/** Probes that ended without saying anything (closed during the handshake) before we stop asking. */
const MAX_PROBES = 12;
/** Frames wait this long for a peer that cannot be reached. */
const GIVE_UP_MS = 30_000;
/** What is taken from the queue for one write. */
const WRITE_BYTES = 256 * 1024;
/**
 * A turn that has more than this to send writes before it ends, so that the peer works on the first
 * messages while the rest is being made. Less would be more calls of the system than it is worth.
 */
const EARLY_WRITE_BYTES = 4 * 1024;
const END_TIMEOUT_MS = 500;

type State = 'idle' | 'connecting' | 'established' | 'waiting' | 'closed';

export interface PeerOwner {
  /** The first frame since the last flush has been queued. */
  onUnflushed(peer: Peer): void;
  /** Nothing is queued and nothing is going on: the peer may be forgotten. */
  onIdle(peer: Peer): void;
}

export class Peer {
  readonly address: Address;
  private readonly environment: TcpEnvironment;
  private readonly owner: PeerOwner;
  private readonly queue: SendQueue;
  private state: State = 'idle';
  private connection: OutboundConnection | null = null;
  private backoff: NodeJS.Timeout | undefined;
  private failures = 0;
  private failingSince = 0;
  private triedAt = 0;
  private establishedAt = 0;
  /** The incarnation that what is queued is meant for; null before it is known. */
  private incarnation: string | null;
  /** The incarnation at the other end of the established connection. */
  private connectedTo: string | null = null;
  private unflushed = false;

  /** `incarnation`: who is known to live there, from a connection of its own; null: nobody yet. */
  constructor(
    environment: TcpEnvironment,
    address: Address,
    incarnation: string | null,
    owner: PeerOwner,
  ) {
    this.environment = environment;
    this.address = address;
    this.incarnation = incarnation;
    this.owner = owner;
    this.queue = new SendQueue(environment.marks);
  }

  get queuedBytes(): number {
    return this.queue.bytes;
  }

  send(frame: Uint8Array, lane: Lane): boolean {
    if (this.state === 'closed' || !this.queue.push(frame, lane)) {
      this.environment.counters.framesRefused++;
      return false;
    }
    this.environment.counters.framesOut++;
    if (!this.unflushed) {
      this.unflushed = true;
      this.owner.onUnflushed(this);
    }
    if (this.state === 'idle') this.connect();
    else if (this.state === 'waiting' && lane === 'control') this.hurry();
    else if (this.queue.bytes > EARLY_WRITE_BYTES) this.flush();
    return true;
  }

  /** The membership wants to know soon whether the peer is there. */
  private hurry(): void {
    if (Date.now() - this.triedAt < CONTROL_RETRY_MS) return;
    clearTimeout(this.backoff);
    this.connect();
  }

  flush(): void {
    this.unflushed = false;
    const { connection, queue } = this;
    if (this.state !== 'established' || connection === null) return;
    while (queue.bytes > 0 && !connection.congested) connection.write(queue.take(WRITE_BYTES));
    if (connection.drained) queue.recycle();
  }

  /** Finds out whether the peer is there, unless a connection or an attempt shows it anyway. */
  probe(): void {
    if (this.state === 'idle') this.connect();
  }

  /** `uid` lives at the address now; what was queued for another incarnation is not for this one. */
  meet(uid: string): void {
    if (this.state === 'waiting') {
      // It is there: no reason to wait any longer.
      clearTimeout(this.backoff);
      this.connect();
    }
    const before = this.incarnation;
    if (before === uid) return;
    this.incarnation = uid;
    if (before === null) return;
    this.drop('the node there has been restarted');
    if (this.state === 'established' && this.connectedTo !== uid) {
      this.connection?.destroy();
      this.connect();
    }
  }

  /** Whether this is the way to that incarnation. */
  leadsTo(uid: string): boolean {
    return this.incarnation === null || this.incarnation === uid;
  }

  /** Drops the connection and the queue; whatever is sent later starts anew. */
  reset(reason: string): void {
    this.rest();
    this.incarnation = null;
    this.drop(reason);
    this.owner.onIdle(this);
  }

  async close(): Promise<void> {
    this.flush();
    const { connection } = this;
    this.connection = null;
    this.state = 'closed';
    clearTimeout(this.backoff);
    await connection?.end(END_TIMEOUT_MS);
    this.drop('the transport was closed');
  }

  private connect(): void {
    this.state = 'connecting';
    this.triedAt = Date.now();
    this.connection = new OutboundConnection(this.environment, this.address, {
      onEstablished: (unique) => this.onEstablished(unique),
      onDrain: () => this.flush(),
      onEnd: (end) => this.onEnd(end),
    });
  }

  private onEstablished(unique: UniqueAddress): void {
    this.state = 'established';
    this.connectedTo = unique.uid;
    this.establishedAt = Date.now();
    this.failingSince = 0;
    this.environment.established(unique);
    this.flush();
  }

  private onEnd(end: ConnectionEnd): void {
    this.connection = null;
    const { events, log } = this.environment;
    log.debug({ peer: this.address.toString(), ...end }, `connection to ${this.address} ended`);
    if (end.rejected !== null) {
      this.failures++;
      this.wait(BACKOFF_MIN_MS, false);
      this.drop(`the handshake failed: ${end.rejected.reason}`);
      // Last, because whoever listens may disconnect this peer.
      events.rejected(this.address, end.rejected.reason, end.rejected.by);
      return;
    }
    const evidence = evidenceOf(end);
    if (end.phase === 'established') {
      if (Date.now() - this.establishedAt >= STABLE_AFTER_MS) this.failures = 0;
      this.probeAgain();
    } else if (this.queue.bytes > 0 || (evidence === 'closed' && this.failures < MAX_PROBES)) {
      this.retryLater(evidence === 'closed' ? INCONCLUSIVE_MIN_MS : BACKOFF_MIN_MS);
    } else {
      this.rest();
    }
    events.lost(this.address, evidence);
    if (this.state === 'idle') this.owner.onIdle(this);
  }

  /** At once, except when connections keep closing right away. */
  private probeAgain(): void {
    if (this.failures++ < 2) this.connect();
    else this.wait(BACKOFF_MIN_MS, true);
  }

  private retryLater(minMs: number): void {
    this.failures++;
    const now = Date.now();
    if (this.failingSince === 0) this.failingSince = now;
    if (now - this.failingSince < GIVE_UP_MS) {
      this.wait(minMs, true);
      return;
    }
    this.rest();
    this.drop(`no connection within ${GIVE_UP_MS} ms`);
  }

  /** Without `probing`, connects afterwards only if there is something to send by then. */
  private wait(minMs: number, probing: boolean): void {
    this.state = 'waiting';
    const longest = Math.min(BACKOFF_MAX_MS, minMs * 2 ** Math.min(this.failures - 1, 10));
    const delayMs = longest * (0.5 + Math.random() / 2);
    this.backoff = setTimeout(() => {
      if (probing || this.queue.bytes > 0) {
        this.connect();
      } else {
        this.rest();
        this.owner.onIdle(this);
      }
    }, delayMs);
  }

  private rest(): void {
    clearTimeout(this.backoff);
    this.connection?.destroy();
    this.connection = null;
    this.state = 'idle';
    this.failures = 0;
    this.failingSince = 0;
  }

  private drop(reason: string): void {
    const { events } = this.environment;
    this.queue.drop((frame) => events.undeliverable(this.address, frame, reason));
  }
}

function evidenceOf({ phase, code }: ConnectionEnd): LossEvidence {
  if (code === 'ECONNREFUSED') return 'refused';
  // A reset comes from a machine that is there, so it says no more than a close.
  return phase === 'connecting' && code !== 'ECONNRESET' ? 'unreachable' : 'closed';
}

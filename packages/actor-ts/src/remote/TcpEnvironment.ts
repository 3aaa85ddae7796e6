// What the parts of the TCP transport share: settings, the log, and the way up to Remoting.
import type { TlsOptions } from 'node:tls';
import type { UniqueAddress } from '../actor/Address.ts';
import type { Logger } from '../actor/Logger.ts';
import type { Complaints } from './Complaints.ts';
import type { HandshakeSettings } from './Handshake.ts';
import type { SendQueueMarks } from './SendQueue.ts';
import type { TransportEvents } from './Transport.ts';

export interface TcpEnvironment {
  readonly log: Logger;
  readonly complaints: Complaints;
  readonly events: TransportEvents;
  readonly maxFrameBytes: number;
  readonly marks: SendQueueMarks;
  readonly tls: TlsOptions | undefined;
  readonly counters: TcpCounters;
  /** Settings for a handshake that starts now: the own incarnation may have changed. */
  handshake(): HandshakeSettings;
  readonly handshakeTimeoutMs: number;
  /** A handshake succeeded, in either direction. */
  established(peer: UniqueAddress): void;
}

/** Running totals, for metrics and tests. */
export interface TcpCounters {
  framesIn: number;
  framesOut: number;
  framesRefused: number;
  bytesIn: number;
  bytesOut: number;
  writes: number;
}

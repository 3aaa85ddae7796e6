// The first four frames of a connection: who is there, and does it know the secret?
//
//   client → server  hello    version, system, own address and uid, whom it means to reach, nonce
//   server → client  hello    the same
//   client → server  verdict  'welcome' or 'quarantined', with its proof
//   server → client  verdict  the same
//
// A proof is HMAC-SHA-256(secret, role, verdict, everything both hellos said). Both nonces are fresh,
// so a recorded exchange proves nothing later; the role is part of it, so a proof cannot be sent back
// to the one who made it; addresses and uids are part of it, so it cannot be used as another node's.
// The secret itself never travels. What follows the handshake is not signed: that is what `tls` is for.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Address, type UniqueAddress } from '../actor/Address.ts';
import { HandshakeError } from '../errors.ts';
import type { RejectReason } from './Transport.ts';

export const PROTOCOL = 'actor-ts';
export const PROTOCOL_VERSION = 2;
/** Largest frame that is taken from a peer that has not been authenticated. */
export const MAX_HANDSHAKE_FRAME_BYTES = 2048;
export const HANDSHAKE_TIMEOUT_MS = 5000;

const NONCE_BYTES = 32;
const MAX_UID_LENGTH = 64;

type Role = 'client' | 'server';
type Verdict = 'welcome' | 'quarantined';

interface Hello {
  readonly type: 'hello';
  readonly protocol: string;
  readonly version: number;
  readonly address: string;
  readonly uid: string;
  /** Base64. */
  readonly nonce: string;
  /** Whether a proof will be given and is expected. */
  readonly secret: boolean;
  /** The address the client dialled; empty from the server. */
  readonly to: string;
}

interface VerdictFrame {
  readonly type: 'verdict';
  readonly verdict: Verdict;
  /** Base64; empty without a secret. */
  readonly proof: string;
}

interface RejectFrame {
  readonly type: 'reject';
  readonly reason: RejectReason;
  readonly detail: string;
}

type HandshakeFrame = Hello | VerdictFrame | RejectFrame;

export interface HandshakeSettings {
  readonly self: UniqueAddress;
  readonly secret: string | undefined;
  quarantined(peer: UniqueAddress): boolean;
}

/** What to do after a frame. `error` with a `reply`: send it, then close. */
export interface HandshakeStep {
  readonly reply?: Uint8Array;
  /** The handshake is complete and this is who is there. */
  readonly peer?: UniqueAddress;
  readonly error?: HandshakeError;
  /** With `error`: who refused whom. */
  readonly by?: 'us' | 'them';
}

/** One side of one handshake. Never throws for what a peer sends. */
export abstract class Handshake {
  protected readonly settings: HandshakeSettings;
  protected readonly ownHello: Hello;
  protected peerHello: Hello | null = null;
  /** Known once the peer's hello has been accepted; not proven before the step that has `peer`. */
  claimed: UniqueAddress | null = null;
  private readonly role: Role;

  constructor(role: Role, settings: HandshakeSettings, to: string) {
    this.role = role;
    this.settings = settings;
    this.ownHello = {
      type: 'hello',
      protocol: PROTOCOL,
      version: PROTOCOL_VERSION,
      address: settings.self.address.toString(),
      uid: settings.self.uid,
      nonce: randomBytes(NONCE_BYTES).toString('base64'),
      secret: settings.secret !== undefined,
      to,
    };
  }

  receive(bytes: Uint8Array): HandshakeStep {
    try {
      const frame = parseFrame(bytes);
      if (frame.type === 'reject') {
        // Without a proof this is a hint for the log; a removal is only believed from a verdict.
        const reason = frame.reason === 'quarantined' ? 'malformed' : frame.reason;
        const error = new HandshakeError(reason, `refused by the peer: ${reason}: ${frame.detail}`);
        return { error, by: 'them' };
      }
      return frame.type === 'hello' ? this.onHello(frame) : this.onVerdict(frame);
    } catch (error) {
      if (!(error instanceof HandshakeError)) throw error;
      return this.refuse(error);
    }
  }

  protected abstract onHello(hello: Hello): HandshakeStep;
  protected abstract onVerdict(frame: VerdictFrame): HandshakeStep;

  protected acceptHello(hello: Hello): void {
    if (this.peerHello !== null) throw malformed('a second hello');
    const address = parseAddress(hello.address);
    const { self, secret } = this.settings;
    if (address.system !== self.address.system) {
      throw new HandshakeError(
        'wrong-system',
        `belongs to system '${address.system}', this is '${self.address.system}'`,
      );
    }
    if (hello.secret !== (secret !== undefined)) {
      throw new HandshakeError(
        'bad-secret',
        secret === undefined ? 'has a secret, this node has none' : 'has no secret, this node has',
      );
    }
    this.peerHello = hello;
    this.claimed = { address, uid: hello.uid };
  }

  protected verdictFrame(): Uint8Array {
    const verdict = this.settings.quarantined(this.claimed!) ? 'quarantined' : 'welcome';
    return encodeFrame({ type: 'verdict', verdict, proof: this.proof(this.role, verdict) });
  }

  /** Checks the peer's proof; the verdict is believed only after that. */
  protected acceptVerdict(frame: VerdictFrame): HandshakeStep | null {
    const expected = this.proof(this.role === 'client' ? 'server' : 'client', frame.verdict);
    if (!equalInConstantTime(frame.proof, expected)) {
      throw new HandshakeError('bad-secret', 'has another secret than this node');
    }
    if (frame.verdict !== 'quarantined') return null;
    const error = new HandshakeError(
      'quarantined',
      `${this.claimed!.address} has removed this incarnation (${this.settings.self.uid})`,
    );
    return { error, by: 'them' };
  }

  /** After the proof: our own verdict on the peer. */
  protected ownRefusal(): HandshakeStep | null {
    const peer = this.claimed!;
    if (!this.settings.quarantined(peer)) return null;
    const error = new HandshakeError(
      'quarantined',
      `${peer.address} is an incarnation that has been removed (${peer.uid})`,
    );
    return { error, by: 'us' };
  }

  private proof(role: Role, verdict: Verdict): string {
    const { secret } = this.settings;
    if (secret === undefined) return '';
    const [client, server] =
      this.role === 'client' ? [this.ownHello, this.peerHello!] : [this.peerHello!, this.ownHello];
    const fields = (hello: Hello): unknown[] => {
      return [hello.protocol, hello.version, hello.address, hello.uid, hello.nonce, hello.to];
    };
    const said = JSON.stringify([role, verdict, fields(client), fields(server)]);
    return createHmac('sha256', secret).update(said).digest('base64');
  }

  private refuse(error: HandshakeError): HandshakeStep {
    const reason = error.reason as RejectReason;
    return {
      error,
      by: 'us',
      reply: encodeFrame({ type: 'reject', reason, detail: error.message }),
    };
  }
}

export class ClientHandshake extends Handshake {
  private readonly target: Address;

  constructor(settings: HandshakeSettings, target: Address) {
    super('client', settings, target.toString());
    this.target = target;
  }

  /** The frame that opens the connection. */
  start(): Uint8Array {
    return encodeFrame(this.ownHello);
  }

  protected onHello(hello: Hello): HandshakeStep {
    this.acceptHello(hello);
    if (!this.claimed!.address.equals(this.target)) {
      throw wrongAddress(this.target.toString(), hello.address);
    }
    return { reply: this.verdictFrame() };
  }

  protected onVerdict(frame: VerdictFrame): HandshakeStep {
    if (this.peerHello === null) throw malformed('a verdict before the hello');
    return this.acceptVerdict(frame) ?? this.ownRefusal() ?? { peer: this.claimed! };
  }
}

export class ServerHandshake extends Handshake {
  constructor(settings: HandshakeSettings) {
    super('server', settings, '');
  }

  protected onHello(hello: Hello): HandshakeStep {
    this.acceptHello(hello);
    const own = this.settings.self.address.toString();
    if (hello.to !== own) throw wrongAddress(hello.to, own);
    return { reply: encodeFrame(this.ownHello) };
  }

  protected onVerdict(frame: VerdictFrame): HandshakeStep {
    if (this.peerHello === null) throw malformed('a verdict before the hello');
    const removed = this.acceptVerdict(frame);
    const outcome = removed ?? this.ownRefusal() ?? { peer: this.claimed! };
    return { ...outcome, reply: this.verdictFrame() };
  }
}

function wrongAddress(dialled: string, actual: string): HandshakeError {
  return new HandshakeError(
    'wrong-address',
    `${dialled} was dialled, but the node there calls itself ${actual}; write addresses and seeds the same way everywhere`,
  );
}

function malformed(what: string): HandshakeError {
  return new HandshakeError('malformed', `${what} is not part of the handshake`);
}

function encodeFrame(frame: HandshakeFrame): Uint8Array {
  return Buffer.from(JSON.stringify(frame));
}

function parseFrame(bytes: Uint8Array): HandshakeFrame {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    throw malformed('text that is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw malformed('a frame without fields');
  const frame = value as Partial<Record<string, unknown>>;
  switch (frame.type) {
    case 'hello':
      // First, because another version may have other fields.
      checkVersion(frame);
      return {
        type: 'hello',
        protocol: PROTOCOL,
        version: PROTOCOL_VERSION,
        address: text(frame, 'address', 300),
        uid: text(frame, 'uid', MAX_UID_LENGTH),
        nonce: nonce(frame),
        secret: frame.secret === true,
        to: text(frame, 'to', 300),
      };
    case 'verdict':
      return {
        type: 'verdict',
        verdict: verdict(frame.verdict),
        proof: text(frame, 'proof', 64),
      };
    case 'reject':
      return {
        type: 'reject',
        reason: rejectReason(frame.reason),
        detail: text(frame, 'detail', 1000),
      };
    default:
      throw malformed('a frame of unknown type');
  }
}

function text(frame: Partial<Record<string, unknown>>, field: string, maxLength: number): string {
  const value = frame[field];
  if (typeof value !== 'string' || value.length > maxLength) throw malformed(`a bad '${field}'`);
  return value;
}

function checkVersion(frame: Partial<Record<string, unknown>>): void {
  const { protocol, version } = frame;
  if (protocol === PROTOCOL && version === PROTOCOL_VERSION) return;
  throw new HandshakeError(
    'wrong-version',
    `speaks ${shown(protocol)} ${shown(version)}, expected ${PROTOCOL} ${PROTOCOL_VERSION}`,
  );
}

/** Anything but text and numbers may fail to become text. */
function shown(value: unknown): string {
  const isPlain = typeof value === 'string' || typeof value === 'number';
  return isPlain ? String(value).slice(0, 32) : `a ${typeof value}`;
}

function verdict(value: unknown): Verdict {
  if (value !== 'welcome' && value !== 'quarantined') throw malformed(`a bad 'verdict'`);
  return value;
}

function nonce(frame: Partial<Record<string, unknown>>): string {
  const value = text(frame, 'nonce', 64);
  if (Buffer.from(value, 'base64').length !== NONCE_BYTES) throw malformed(`a bad 'nonce'`);
  return value;
}

function rejectReason(value: unknown): RejectReason {
  switch (value) {
    case 'malformed':
    case 'wrong-version':
    case 'wrong-system':
    case 'wrong-address':
    case 'bad-secret':
    case 'quarantined':
      return value;
    default:
      return 'malformed';
  }
}

function parseAddress(value: string): Address {
  try {
    return Address.parse(value);
  } catch {
    throw malformed(`an address '${value}'`);
  }
}

function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

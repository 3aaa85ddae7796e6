// What we know of one remote system, and the message frame that is being written for it: one
// message, its sender, and all targets that were told it in a row.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { Address } from '../actor/Address.ts';
import {
  BODY_OFFSET,
  MESSAGE_FRAME,
  NO_SENDER,
  SENDER_HERE,
  SENDER_IS_REPLY_TO,
  senderRoom,
  writeSender,
} from './envelope.ts';
import type { RemoteActorRef } from './RemoteActorRef.ts';
import type { Lane, Transport } from './Transport.ts';

const FIRST_BYTES = 1024;
/** A buffer that grew beyond this is given back after its frame. */
const KEEP_BYTES = 64 * 1024;

export class Association {
  readonly address: Address;
  /** The incarnation that was last connected, null before the first one. */
  incarnation: string | null = null;
  /** That incarnation has been removed: user messages for it are dead letters. */
  quarantined = false;
  /** Whether it stands in Remoting's list of what is to be closed at the end of the turn. */
  listed = false;

  /** The frame that is open: `targets` is empty when there is none. */
  readonly targets: RemoteActorRef[] = [];
  message: unknown = undefined;
  sender: ActorRef | null = null;
  private lane: Lane = 'user';
  private buffer: Buffer | null = null;
  private used = 0;
  private readonly transport: Transport;
  private readonly maxFrameBytes: number;

  constructor(address: Address, transport: Transport, maxFrameBytes: number) {
    this.address = address;
    this.transport = transport;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Opens a frame. False when it would be larger than a frame may be. */
  open(body: Uint8Array, ref: RemoteActorRef, message: unknown, sender: ActorRef | null): boolean {
    const { target } = ref;
    const kind = senderKind(message, sender);
    const senderPath = kind === SENDER_HERE ? sender!.path : null;
    const bodyEnd = BODY_OFFSET + body.length;
    if (bodyEnd > this.maxFrameBytes) return false;
    const atMost = bodyEnd + (senderPath === null ? 1 : senderRoom(senderPath)) + target.length;
    const buffer = this.room(atMost);
    buffer[0] = MESSAGE_FRAME;
    buffer.writeUInt32BE(body.length, 1);
    buffer.set(body, BODY_OFFSET);
    let at = bodyEnd;
    if (senderPath === null) buffer[at++] = kind;
    else at = writeSender(buffer, at, senderPath);
    buffer.set(target, at);
    this.used = at + target.length;
    if (this.used > this.maxFrameBytes) {
      this.clear();
      return false;
    }
    this.lane = ref.lane;
    this.message = message;
    this.sender = sender;
    this.targets.push(ref);
    return true;
  }

  /** Adds a target to the open frame if that holds the very same message. */
  extend(ref: RemoteActorRef, message: unknown, sender: ActorRef | null): boolean {
    if (this.targets.length === 0 || this.message !== message || this.sender !== sender) {
      return false;
    }
    const { target, lane } = ref;
    const size = this.used + target.length;
    if (lane !== this.lane || size > this.maxFrameBytes) return false;
    this.room(size).set(target, this.used);
    this.used = size;
    this.targets.push(ref);
    return true;
  }

  /** Hands the open frame to the transport. Returns whether it was taken; the targets stay until `clear`. */
  send(): boolean {
    return this.transport.send(this.address, this.buffer!.subarray(0, this.used), this.lane);
  }

  clear(): void {
    this.targets.length = 0;
    this.message = undefined;
    this.sender = null;
    this.used = 0;
    if (this.buffer!.length > KEEP_BYTES) this.buffer = null;
  }

  private room(size: number): Buffer {
    const { buffer } = this;
    if (buffer !== null && buffer.length >= size) return buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, size * 2));
    if (buffer !== null) larger.set(buffer.subarray(0, this.used));
    this.buffer = larger;
    return larger;
  }
}

/** Where the sender stands. In an ask it is in the message already. */
function senderKind(message: unknown, sender: ActorRef | null): number {
  if (sender === null) return NO_SENDER;
  const isReplyTo =
    typeof message === 'object' &&
    message !== null &&
    Object.hasOwn(message, 'replyTo') &&
    (message as { replyTo: unknown }).replyTo === sender;
  return isReplyTo ? SENDER_IS_REPLY_TO : SENDER_HERE;
}

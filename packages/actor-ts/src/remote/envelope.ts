// How a message stands in a frame, all integers big-endian:
//
//   message frame   1 | uint32 body bytes | body | sender | target … target
//   system frame    2 | body
//
//   sender          0                                nobody
//                   1 | target                       an actor of the node that sends the frame
//                   2 | target | uint16 length | address   an actor of a third node
//                   3                                the `replyTo` of the message, as in every ask
//   target          uint16 path bytes | float64 uid | path, UTF-8
import type { ActorPath } from '../actor/ActorPath.ts';
import { DecodeError, EncodeError } from '../errors.ts';

export const MESSAGE_FRAME = 1;
export const SYSTEM_FRAME = 2;
/** Where the body starts in a message frame. */
export const BODY_OFFSET = 5;

export const NO_SENDER = 0;
export const SENDER_HERE = 1;
export const SENDER_ELSEWHERE = 2;
export const SENDER_IS_REPLY_TO = 3;

const TARGET_HEADER_BYTES = 10;
const MAX_PATH_BYTES = 0xffff;

/** @throws EncodeError for a path of more than 64 KiB */
export function encodeTarget(path: string, uid: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(TARGET_HEADER_BYTES + path.length * 3);
  return bytes.subarray(0, writeTarget(bytes, 0, path, uid));
}

/** Room that `writeSender` may need. */
export function senderRoom({ address, path }: ActorPath): number {
  const addressBytes = address === null ? 0 : 2 + address.toString().length * 3;
  return 1 + TARGET_HEADER_BYTES + path.length * 3 + addressBytes;
}

/** Writes what comes between body and targets; returns where it ends. */
export function writeSender(buffer: Buffer, start: number, sender: ActorPath): number {
  const { address } = sender;
  buffer[start] = address === null ? SENDER_HERE : SENDER_ELSEWHERE;
  const at = writeTarget(buffer, start + 1, sender.path, sender.uid);
  if (address === null) return at;
  const length = buffer.write(address.toString(), at + 2);
  buffer.writeUInt16BE(length, at);
  return at + 2 + length;
}

function writeTarget(buffer: Buffer, start: number, path: string, uid: number): number {
  const length = writeText(buffer, start + TARGET_HEADER_BYTES, path);
  if (length > MAX_PATH_BYTES) throw new EncodeError(`a path of ${length} bytes is too long`);
  buffer.writeUInt16BE(length, start);
  buffer.writeDoubleBE(uid, start + 2);
  return start + TARGET_HEADER_BYTES + length;
}

/** Paths are short and nearly always ASCII, for which a loop beats the call into the runtime. */
function writeText(buffer: Buffer, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return buffer.write(text, start);
    buffer[start + i] = code;
  }
  return text.length;
}

/**
 * Reads a message frame from front to back. Every read checks that the bytes are there and belong to
 * the frame: others may follow it. One reader is used for many frames, one after the other.
 */
export class EnvelopeReader {
  private bytes: Buffer = NO_BYTES;
  private at = 0;
  private frameEnd = 0;
  /** Of the body. */
  start = 0;
  end = 0;
  /** Of the sender or target that was read last. */
  path = '';
  uid = 0;

  /** Begins the frame from `start` to `end`; leaves `start` and `end` of the body behind. */
  open(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start + 1;
    this.frameEnd = end;
    const length = bytes.readUInt32BE(this.need(4));
    this.start = this.need(length);
    this.end = this.at;
  }

  /** Whether there are targets to come. */
  get more(): boolean {
    return this.at < this.frameEnd;
  }

  /** Returns the kind; leaves path and uid behind if the sender stands here. */
  readSenderKind(): number {
    const kind = this.bytes[this.need(1)]!;
    if (kind > SENDER_IS_REPLY_TO) throw new DecodeError(`there is no sender of kind ${kind}`);
    if (kind === SENDER_HERE || kind === SENDER_ELSEWHERE) this.readTarget();
    return kind;
  }

  /** After a sender of kind SENDER_ELSEWHERE. */
  readAddress(): string {
    const length = this.bytes.readUInt16BE(this.need(2));
    const start = this.need(length);
    return this.bytes.toString('utf8', start, start + length);
  }

  readTarget(): void {
    const header = this.need(TARGET_HEADER_BYTES);
    const { bytes } = this;
    const length = (bytes[header]! << 8) | bytes[header + 1]!;
    this.uid = bytes.readDoubleBE(header + 2);
    const start = this.need(length);
    if (!this.isPath(start, length)) this.path = bytes.toString('utf8', start, start + length);
  }

  /** Whether the bytes are the path that was read last: then there is no need for another string. */
  private isPath(start: number, length: number): boolean {
    const { bytes, path } = this;
    if (path.length !== length) return false;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i]!;
      if (byte > 0x7f || byte !== path.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Moves on by `size` bytes and returns where they start. */
  private need(size: number): number {
    const start = this.at;
    if (start + size > this.frameEnd) {
      throw new DecodeError('the frame ends before the message does');
    }
    this.at = start + size;
    return start;
  }
}

const NO_BYTES = Buffer.alloc(0);

// How a message stands in a frame, all integers big-endian:
//
//   message frame   1 | uint32 body bytes | body | sender | target … target
//   system frame    2 | body
//
//   sender          0                                nobody
//                   1 | target                       an actor of the node that sends the frame
//                   2 | target | uint16 length | address   an actor of a third node
//   target          uint16 path bytes | float64 uid | path, UTF-8
import { DecodeError } from '../errors.ts';

export const MESSAGE_FRAME = 1;
export const SYSTEM_FRAME = 2;
/** Where the body starts in a message frame. */
export const BODY_OFFSET = 5;

export const NO_SENDER = 0;
export const SENDER_HERE = 1;
export const SENDER_ELSEWHERE = 2;

const TARGET_HEADER_BYTES = 10;
const MAX_PATH_BYTES = 0xffff;

/** @throws DecodeError for a path of more than 64 KiB */
export function encodeTarget(path: string, uid: number): Buffer {
  const pathBytes = Buffer.byteLength(path);
  if (pathBytes > MAX_PATH_BYTES) throw new DecodeError(`a path of ${pathBytes} bytes is too long`);
  const bytes = Buffer.allocUnsafe(TARGET_HEADER_BYTES + pathBytes);
  bytes.writeUInt16BE(pathBytes, 0);
  bytes.writeDoubleBE(uid, 2);
  bytes.write(path, TARGET_HEADER_BYTES);
  return bytes;
}

/** What comes between the body and the targets. `address` is null for an actor of this node. */
export function encodeSender(address: string | null, path: string, uid: number): Buffer {
  const target = encodeTarget(path, uid);
  if (address === null) return Buffer.concat([Buffer.of(SENDER_HERE), target]);
  const length = Buffer.byteLength(address);
  return Buffer.concat([
    Buffer.of(SENDER_ELSEWHERE),
    target,
    Buffer.of(length >> 8, length & 0xff),
    Buffer.from(address),
  ]);
}

/** Reads a message frame from front to back. Every read checks that the bytes are there. */
export class EnvelopeReader {
  private readonly frame: Buffer;
  private at: number;
  /** Of the sender or target that was read last. */
  path = '';
  uid = 0;

  constructor(frame: Buffer) {
    this.frame = frame;
    this.at = 1;
  }

  /** Whether there are targets to come. */
  get more(): boolean {
    return this.at < this.frame.length;
  }

  readBody(): Buffer {
    const length = this.frame.readUInt32BE(this.need(4));
    return this.slice(length);
  }

  /** Returns the kind; leaves path and uid behind unless there is nobody. */
  readSenderKind(): number {
    const kind = this.frame[this.need(1)]!;
    if (kind > SENDER_ELSEWHERE) throw new DecodeError(`there is no sender of kind ${kind}`);
    if (kind !== NO_SENDER) this.readTarget();
    return kind;
  }

  /** After a sender of kind SENDER_ELSEWHERE. */
  readAddress(): string {
    const length = this.frame.readUInt16BE(this.need(2));
    const start = this.need(length);
    return this.frame.toString('utf8', start, start + length);
  }

  readTarget(): void {
    const header = this.need(TARGET_HEADER_BYTES);
    const { frame } = this;
    const length = (frame[header]! << 8) | frame[header + 1]!;
    this.uid = frame.readDoubleBE(header + 2);
    const start = this.need(length);
    this.path = frame.toString('utf8', start, start + length);
  }

  private slice(length: number): Buffer {
    const start = this.need(length);
    return this.frame.subarray(start, start + length);
  }

  /** Moves on by `size` bytes and returns where they start. */
  private need(size: number): number {
    const start = this.at;
    if (start + size > this.frame.length) {
      throw new DecodeError('the frame ends before the message does');
    }
    this.at = start + size;
    return start;
  }
}

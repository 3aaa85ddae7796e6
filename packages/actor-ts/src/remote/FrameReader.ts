// Cuts a byte stream into frames: uint32 length (big-endian), then that many bytes.
import { FrameTooLargeError } from '../errors.ts';

export const FRAME_HEADER_BYTES = 4;
export const DEFAULT_MAX_FRAME_BYTES = 1024 * 1024;

type State = 'length' | 'body' | 'stopped';

/** A frame stands in `bytes` from `start` to `end`; it is only valid during the call. */
export type FrameListener = (bytes: Buffer, start: number, end: number) => void;

/**
 * Takes chunks however the network cut them. A frame that lies within one chunk is handed on where it
 * stands, since a view of its own would cost more than reading it; one that spans chunks is put
 * together from what has arrived, so an announced length alone never costs memory.
 */
export class FrameReader {
  /** Bytes a frame may have. May be raised between frames (after a handshake). */
  maxFrameBytes: number;
  private readonly onFrame: FrameListener;
  private state: State = 'length';
  private headerBytes = 0;
  /** Still being read in state `length`. */
  private bodyBytes = 0;
  private parts: Buffer[] = [];
  private partBytes = 0;

  constructor(maxFrameBytes: number, onFrame: FrameListener) {
    this.maxFrameBytes = maxFrameBytes;
    this.onFrame = onFrame;
  }

  /** @throws FrameTooLargeError when a frame announces more than `maxFrameBytes`; the stream is lost then */
  push(chunk: Buffer): void {
    let at = 0;
    for (;;) {
      switch (this.state) {
        case 'length':
          at = this.readLength(chunk, at);
          if (this.headerBytes < FRAME_HEADER_BYTES) return;
          this.openBody();
          break;
        case 'body': {
          const missing = this.bodyBytes - this.partBytes;
          if (chunk.length - at < missing) {
            if (at < chunk.length) this.keep(chunk.subarray(at));
            return;
          }
          at += missing;
          this.deliver(chunk, at - missing, at);
          break;
        }
        case 'stopped':
          return;
        default:
          this.state satisfies never;
      }
    }
  }

  /** Delivers nothing more, not even what is in the chunk at hand. */
  stop(): void {
    this.state = 'stopped';
    this.parts = [];
  }

  private readLength(chunk: Buffer, from: number): number {
    let at = from;
    while (this.headerBytes < FRAME_HEADER_BYTES && at < chunk.length) {
      this.bodyBytes = this.bodyBytes * 256 + chunk[at++]!;
      this.headerBytes++;
    }
    return at;
  }

  private openBody(): void {
    if (this.bodyBytes > this.maxFrameBytes) {
      this.stop();
      throw new FrameTooLargeError(
        `a frame of ${this.bodyBytes} bytes arrived, at most ${this.maxFrameBytes} are taken`,
      );
    }
    this.state = 'body';
  }

  private keep(part: Buffer): void {
    // A copy: the chunk belongs to the socket, and a sliver of it must not keep all of it alive.
    this.parts.push(Buffer.from(part));
    this.partBytes += part.length;
  }

  private deliver(chunk: Buffer, start: number, end: number): void {
    const { parts } = this;
    this.headerBytes = 0;
    this.bodyBytes = 0;
    this.state = 'length';
    if (parts.length === 0) {
      this.onFrame(chunk, start, end);
      return;
    }
    parts.push(chunk.subarray(start, end));
    this.parts = [];
    this.partBytes = 0;
    const whole = Buffer.concat(parts);
    this.onFrame(whole, 0, whole.length);
  }
}

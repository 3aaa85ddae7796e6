// Cuts a byte stream into frames: uint32 length (big-endian), then that many bytes.
import { FrameTooLargeError } from '../errors.ts';

export const FRAME_HEADER_BYTES = 4;
export const DEFAULT_MAX_FRAME_BYTES = 1024 * 1024;

type State = 'length' | 'body' | 'stopped';

/**
 * Takes chunks however the network cut them. A frame that lies within one chunk is handed on without
 * copying, so it is valid only during the call; one that spans chunks is put together from what has
 * arrived, so an announced length alone never costs memory.
 */
export class FrameReader {
  /** Bytes a frame may have. May be raised between frames (after a handshake). */
  maxFrameBytes: number;
  private readonly onFrame: (frame: Uint8Array) => void;
  private state: State = 'length';
  private readonly header = new Uint8Array(FRAME_HEADER_BYTES);
  private headerBytes = 0;
  private bodyBytes = 0;
  private parts: Uint8Array[] = [];
  private partBytes = 0;

  constructor(maxFrameBytes: number, onFrame: (frame: Uint8Array) => void) {
    this.maxFrameBytes = maxFrameBytes;
    this.onFrame = onFrame;
  }

  /** @throws FrameTooLargeError when a frame announces more than `maxFrameBytes`; the stream is lost then */
  push(chunk: Uint8Array): void {
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
          const rest = chunk.subarray(at, at + missing);
          at += missing;
          this.deliver(rest);
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

  private readLength(chunk: Uint8Array, from: number): number {
    let at = from;
    while (this.headerBytes < FRAME_HEADER_BYTES && at < chunk.length) {
      this.header[this.headerBytes++] = chunk[at++]!;
    }
    return at;
  }

  private openBody(): void {
    const [a, b, c, d] = this.header as unknown as [number, number, number, number];
    const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if (length > this.maxFrameBytes) {
      this.stop();
      throw new FrameTooLargeError(
        `a frame of ${length} bytes arrived, at most ${this.maxFrameBytes} are taken`,
      );
    }
    this.bodyBytes = length;
    this.state = 'body';
  }

  private keep(part: Uint8Array): void {
    // A copy: the chunk belongs to the socket, and a sliver of it must not keep all of it alive.
    this.parts.push(part.slice());
    this.partBytes += part.length;
  }

  private deliver(rest: Uint8Array): void {
    const { parts } = this;
    this.headerBytes = 0;
    this.state = 'length';
    if (parts.length === 0) {
      this.onFrame(rest);
      return;
    }
    parts.push(rest);
    this.parts = [];
    this.partBytes = 0;
    this.onFrame(Buffer.concat(parts));
  }
}

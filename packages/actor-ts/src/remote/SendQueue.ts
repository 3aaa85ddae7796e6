// The frames that wait to be written to one peer: bounded, in slabs ready for the socket, control
// frames ahead of the rest.
import { FRAME_HEADER_BYTES } from './FrameReader.ts';
import type { Lane } from './Transport.ts';

export interface SendQueueMarks {
  /** User frames are refused from here on … */
  readonly highWaterBytes: number;
  /** … until the queue has shrunk to this. */
  readonly lowWaterBytes: number;
  /** What control and system frames may use above the high-water mark. */
  readonly reserveBytes: number;
}

export const DEFAULT_MARKS: SendQueueMarks = {
  highWaterBytes: 16 * 1024 * 1024,
  lowWaterBytes: 8 * 1024 * 1024,
  reserveBytes: 2 * 1024 * 1024,
};

const SLAB_BYTES = 64 * 1024;
const CONTROL_SLAB_BYTES = 8 * 1024;

export class SendQueue {
  private readonly marks: SendQueueMarks;
  private readonly control = new FrameSlabs(CONTROL_SLAB_BYTES);
  private readonly ordered = new FrameSlabs(SLAB_BYTES);
  private overHighWater = false;

  constructor(marks: SendQueueMarks = DEFAULT_MARKS) {
    this.marks = marks;
  }

  get bytes(): number {
    return this.control.bytes + this.ordered.bytes;
  }

  /** Copies `frame`. False when there is no room for it. */
  push(frame: Uint8Array, lane: Lane): boolean {
    const { highWaterBytes, reserveBytes } = this.marks;
    const after = this.bytes + FRAME_HEADER_BYTES + frame.length;
    if (lane === 'user') {
      if (this.overHighWater || after > highWaterBytes) {
        this.overHighWater = true;
        return false;
      }
    } else if (after > highWaterBytes + reserveBytes) {
      return false;
    }
    (lane === 'control' ? this.control : this.ordered).push(frame);
    return true;
  }

  /** Takes up to about `limit` bytes, control frames first, whole frames only. */
  take(limit: number): Buffer[] {
    const taken: Buffer[] = [];
    let bytes = this.control.take(limit, taken);
    // Data does not overtake control frames that did not fit.
    if (this.control.bytes === 0 && bytes < limit) bytes += this.ordered.take(limit - bytes, taken);
    if (this.bytes <= this.marks.lowWaterBytes) this.overHighWater = false;
    return taken;
  }

  /** All that was taken has been copied out by the system: its memory may be written to again. */
  recycle(): void {
    this.control.recycle();
    this.ordered.recycle();
  }

  /** Empties the queue, frame by frame. */
  drop(onFrame: (frame: Buffer) => void): void {
    for (const slab of this.take(Number.POSITIVE_INFINITY)) {
      for (let at = 0; at < slab.length; ) {
        const length = slab.readUInt32BE(at);
        at += FRAME_HEADER_BYTES;
        onFrame(slab.subarray(at, at + length));
        at += length;
      }
    }
  }
}

/** Frames one after the other in slabs; a slab ends where a frame ends. */
class FrameSlabs {
  private readonly slabBytes: number;
  private readonly full: Buffer[] = [];
  private slab: Buffer | null = null;
  private start = 0;
  private end = 0;
  bytes = 0;

  constructor(slabBytes: number) {
    this.slabBytes = slabBytes;
  }

  push(frame: Uint8Array): void {
    const size = FRAME_HEADER_BYTES + frame.length;
    if (this.slab === null || this.end + size > this.slab.length) this.open(size);
    const slab = this.slab!;
    slab.writeUInt32BE(frame.length, this.end);
    slab.set(frame, this.end + FRAME_HEADER_BYTES);
    this.end += size;
    this.bytes += size;
  }

  /** Adds slabs to `into` until they hold `limit` bytes or more; returns how many they hold. */
  take(limit: number, into: Buffer[]): number {
    let taken = 0;
    while (taken < limit && this.full.length > 0) {
      const slab = this.full.shift()!;
      taken += slab.length;
      into.push(slab);
    }
    if (taken < limit && this.end > this.start) {
      const rest = this.slab!.subarray(this.start, this.end);
      this.start = this.end;
      taken += rest.length;
      into.push(rest);
    }
    this.bytes -= taken;
    return taken;
  }

  recycle(): void {
    if (this.full.length > 0 || this.start < this.end) return;
    this.start = 0;
    this.end = 0;
    if (this.slab !== null && this.slab.length > this.slabBytes) this.slab = null;
  }

  private open(frameBytes: number): void {
    if (this.end > this.start) this.full.push(this.slab!.subarray(this.start, this.end));
    this.slab = Buffer.allocUnsafeSlow(Math.max(this.slabBytes, frameBytes));
    this.start = 0;
    this.end = 0;
  }
}

// A single frame, ready to be written.
import { FRAME_HEADER_BYTES } from './FrameReader.ts';

export function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + frame.length);
  bytes.writeUInt32BE(frame.length);
  bytes.set(frame, FRAME_HEADER_BYTES);
  return bytes;
}

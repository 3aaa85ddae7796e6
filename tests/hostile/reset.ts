// Clients that are gone in the middle: not by an end, but as if the cable was cut.
import { connect } from 'node:net';

/** One of so many clients is gone as soon as it has said something. */
export const RESET_EACH = 10;

/** Says `bytes`, and resets the connection `afterMs` later. */
export function reset(port: number, bytes: Uint8Array, afterMs: number): Promise<null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => resolve(null));
    socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), afterMs));
  });
}

// One reader of /events: a response that stays open, with a bound on what may pile up in it.
import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a reader; one that is further behind is cut off. */
export const maxClientBufferBytes = 256 * 1024;

export class EventClient {
  private readonly response: ServerResponse;

  constructor(response: ServerResponse, onGone: () => void) {
    this.response = response;
    response.on('close', onGone);
    // A reset by the reader; `close` follows.
    response.on('error', () => {});
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
  }

  /** False: the reader was too slow and has been cut off. */
  write(text: string): boolean {
    if (this.response.destroyed || this.response.writableEnded) return true;
    this.response.write(text);
    if (this.response.writableLength <= maxClientBufferBytes) return true;
    this.response.destroy();
    return false;
  }

  end(): void {
    this.response.end();
  }
}

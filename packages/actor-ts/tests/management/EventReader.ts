// A reader of server-sent events for tests.
import { until } from '../../src/testkit/until.ts';

export interface ServerSentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: any;
}

export class EventReader {
  readonly events: ServerSentEvent[] = [];
  readonly response: Response;
  /** The server has ended the stream. */
  ended = false;
  private readonly abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.abort = abort;
  }

  static async open(url: string): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url, { signal: abort.signal });
    const reader = new EventReader(response, abort);
    void reader.read();
    return reader;
  }

  /** The first event that has come or comes and fits. */
  first(event: string, fits: (data: any) => boolean = () => true): Promise<ServerSentEvent> {
    const what = `an event '${event}', got ${this.events.map((e) => e.event).join(', ')}`;
    return until(() => this.events.find((e) => e.event === event && fits(e.data)), { what });
  }

  close(): void {
    this.abort.abort();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of this.response.body!) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) this.parse(block);
      }
    } catch (error) {
      if (!this.abort.signal.aborted) throw error;
    }
    this.ended = true;
  }

  private parse(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).trimStart()] as const;
      }),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    this.events.push({
      id: fields.get('id')!,
      event: fields.get('event')!,
      data: JSON.parse(data),
    });
  }
}

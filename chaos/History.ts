// What happened in a run, in the order in which it did: kept in memory for the check and written to a
// file line by line, so that something is left of a run that breaks off.
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { ClientEvent } from '../tests/harness/ClientEvent.ts';

export type ProbeKind = 'stale-write-refused' | 'gap-repaired';

export type RunnerEvent =
  /** `beside`: it may happen while another fault does. `total`: nothing can be acked meanwhile. */
  | {
      readonly op: 'fault';
      readonly name: string;
      readonly target: string;
      readonly beside: boolean;
      readonly total: boolean;
      readonly phase: 'begin' | 'end';
    }
  | {
      readonly op: 'probe';
      readonly node: string;
      readonly what: ProbeKind;
      readonly room: string;
    };

/** `t` is in milliseconds since the run began; `client` is a user, or `runner`. */
export type Recorded = { readonly t: number; readonly client: string } & (
  | ClientEvent
  | RunnerEvent
);

/** An event of a room's stream. */
export interface JournalEntry {
  readonly room: string;
  /** Its place in the stream, from 1. */
  readonly seq: number;
  /** The place that the message itself says it has. */
  readonly numbered: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
}

export class History {
  readonly entries: Recorded[] = [];
  private readonly startedAt = performance.now();
  private readonly file: WriteStream;

  constructor(path: string) {
    this.file = createWriteStream(path);
  }

  /** Milliseconds since the run began. */
  get now(): number {
    return Math.round((performance.now() - this.startedAt) * 10) / 10;
  }

  record(client: string, event: ClientEvent | RunnerEvent): void {
    const entry = { t: this.now, client, ...event };
    this.entries.push(entry);
    this.file.write(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    this.file.end();
    await finished(this.file);
  }
}

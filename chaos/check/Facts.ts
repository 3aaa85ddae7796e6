// History and journal, sorted by what the checks ask for.
import type { JournalEntry, Recorded } from '../History.ts';

export interface Ack {
  readonly seq: number;
  readonly node: string;
  readonly t: number;
  /** Its place in the history. */
  readonly index: number;
}

/** A message as its sender knows it. */
export interface Sent {
  readonly from: string;
  readonly room: string;
  readonly id: string;
  readonly text: string;
  readonly t: number;
  /** The place of its first sending in the history. */
  readonly index: number;
  sends: number;
  fails: number;
  readonly acks: Ack[];
}

export class Facts {
  readonly history: readonly Recorded[];
  readonly sent = new Map<string, Sent>();
  /** Room → its entries, in the order of the stream. */
  readonly streams = new Map<string, JournalEntry[]>();
  /** Key of a message → where it stands. */
  readonly places = new Map<string, JournalEntry[]>();
  /** Acks of messages that nobody sent. */
  readonly strayAcks: string[] = [];

  constructor(history: readonly Recorded[], journal: readonly JournalEntry[]) {
    this.history = history;
    history.forEach((entry, index) => this.take(entry, index));
    for (const entry of journal) {
      listOf(this.streams, entry.room).push(entry);
      listOf(this.places, keyOf(entry.room, entry.from, entry.id)).push(entry);
    }
    for (const stream of this.streams.values()) stream.sort((one, other) => one.seq - other.seq);
  }

  private take(entry: Recorded, index: number): void {
    const { client: from, t } = entry;
    if (entry.op === 'send') {
      const { room, id, text } = entry;
      const key = keyOf(room, from, id);
      const known = this.sent.get(key);
      if (known !== undefined) known.sends++;
      else this.sent.set(key, { from, room, id, text, t, index, sends: 1, fails: 0, acks: [] });
    } else if (entry.op === 'ack' || entry.op === 'fail') {
      const sent = this.sent.get(keyOf(entry.room, from, entry.id));
      if (sent === undefined) this.strayAcks.push(`${entry.op} to ${from} of ${entry.id}`);
      else if (entry.op === 'fail') sent.fails++;
      else sent.acks.push({ seq: entry.seq, node: entry.node, t, index });
    }
  }
}

export function keyOf(room: string, from: string, id: string): string {
  return `${room} ${from} ${id}`;
}

export function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made: T[] = [];
  lists.set(key, made);
  return made;
}

// What each client was shown, room by room: all of it, in order, each message once, and the same as
// the journal has.
import type { JournalEntry, Recorded } from '../History.ts';
import type { Facts } from './Facts.ts';
import type { Finding, FindingKind } from './Finding.ts';

/** A client that missed at most so many messages gets all of them. */
const RESUMED_MESSAGES = 500;

type Joined = Recorded & { readonly op: 'joined' };
type Shown = Recorded & { readonly op: 'message' };

export function findInStreams(facts: Facts): Finding[] {
  const readers = new Map<string, Reader>();
  for (const entry of facts.history) {
    if (entry.op !== 'joined' && entry.op !== 'message') continue;
    const key = `${entry.client} ${entry.room}`;
    const reader = readers.get(key) ?? new Reader(key, facts.streams.get(entry.room) ?? []);
    readers.set(key, reader);
    if (entry.op === 'joined') reader.joined(entry);
    else reader.shown(entry);
  }
  return [...readers.values()].flatMap((reader) => reader.end());
}

class Reader {
  private readonly name: string;
  private readonly stream: readonly JournalEntry[];
  private readonly findings: Finding[] = [];
  private last: number | null = null;
  /** The message that has to come next; null before the first join. */
  private next: number | null = null;

  constructor(name: string, stream: readonly JournalEntry[]) {
    this.name = name;
    this.stream = stream;
  }

  joined({ since, head, recovered, from, to, t }: Joined): void {
    const what = `at ${t} ms after ${since}: head ${head}, messages ${from} to ${to}`;
    const isEmpty = from === null || to === null;
    if (isEmpty ? head > (since ?? 0) : to !== head) this.add('resume-wrong', what);
    if (since === null || !recovered) this.next = from ?? head + 1;
    if (since === null) return;
    if (!recovered) {
      if (head - since <= RESUMED_MESSAGES) this.add('resume-refused', what);
    } else if (isEmpty ? head !== since : from !== since + 1) {
      this.add('resume-wrong', what);
    }
  }

  shown({ seq, id, from, text, t }: Shown): void {
    const entry = this.stream[seq - 1];
    if (entry?.id !== id || entry.from !== from || entry.text !== text) {
      this.add('shown-otherwise', `${id} of ${from} as ${seq} at ${t} ms, not ${entry?.id}`);
    }
    const what = `${seq} after ${this.last}, not ${this.next}, at ${t} ms`;
    if (seq <= (this.last ?? 0)) this.add('stream-repeated', what);
    else if (seq !== this.next) this.add('stream-gap', what);
    this.next = seq + 1;
    this.last = seq;
  }

  end(): readonly Finding[] {
    const head = this.stream.length;
    if ((this.last ?? 0) < head) this.add('behind', `saw ${this.last}, the room has ${head}`);
    return this.findings;
  }

  private add(kind: FindingKind, what: string): void {
    this.findings.push({ kind, what: `${this.name}: ${what}` });
  }
}

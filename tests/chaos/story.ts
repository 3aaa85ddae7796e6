// Histories made by hand, and by chance, of a chat that does everything right.
import fc from 'fast-check';
import type { JournalEntry, Recorded, RunnerEvent } from '../../chaos/History.ts';
import type { ClientEvent } from '../harness/ClientEvent.ts';

export const ROOM = 'room-1';

/** Tells what happens, a millisecond after the other. */
export class Story {
  readonly history: Recorded[] = [];
  readonly journal: JournalEntry[] = [];

  happens(client: string, event: ClientEvent | RunnerEvent): this {
    this.history.push({ t: this.history.length, client, ...event });
    return this;
  }

  sends(client: string, id: string, attempt = 1, room = ROOM): this {
    return this.happens(client, { op: 'send', room, id, text: `text of ${id}`, attempt });
  }

  isWritten(from: string, id: string, room = ROOM): this {
    const seq = this.journal.filter((entry) => entry.room === room).length + 1;
    this.journal.push({ room, seq, numbered: seq, id, from, text: `text of ${id}` });
    return this;
  }

  isAcked(client: string, id: string, node = 'node1', room = ROOM): this {
    const { seq } = this.journal.find((entry) => entry.room === room && entry.id === id)!;
    return this.happens(client, { op: 'ack', room, id, seq, node });
  }

  /** Sent, written and acked. */
  says(client: string, id: string, node = 'node1', room = ROOM): this {
    return this.sends(client, id, 1, room)
      .isWritten(client, id, room)
      .isAcked(client, id, node, room);
  }

  isShown(client: string, seq: number, room = ROOM): this {
    const { id, from, text } = this.journal.find((e) => e.room === room && e.seq === seq)!;
    return this.happens(client, { op: 'message', room, seq, id, from, text });
  }

  /** After `since`, what is there by now. */
  joins(client: string, since: number | null, room = ROOM): this {
    const head = this.journal.filter((entry) => entry.room === room).length;
    const from = head > (since ?? 0) ? (since ?? 0) + 1 : null;
    const to = from === null ? null : head;
    this.happens(client, { op: 'joined', room, since, head, recovered: true, from, to });
    for (let seq = from ?? head + 1; seq <= head; seq++) this.isShown(client, seq, room);
    return this;
  }

  fault(phase: 'begin' | 'end', name = 'kill', target = 'node1', total = false): this {
    const kind = { beside: false, total };
    return this.happens('runner', { op: 'fault', name, target, ...kind, phase });
  }
}

type Step = { readonly client: number; readonly room: number; readonly lost: boolean };

/** A chat of two clients in two rooms, in which connections break and answers are lost. */
export const rightStories: fc.Arbitrary<Story> = fc
  .array(
    fc.record({ client: fc.nat(1), room: fc.nat(1), lost: fc.boolean() }) as fc.Arbitrary<Step>,
    { minLength: 4, maxLength: 40 },
  )
  .map((steps) => {
    const story = new Story();
    const clients = ['ann', 'bob'];
    const rooms = ['red', 'blue'];
    const seen = new Map<string, number>();
    const show = (client: string, room: string) => {
      const head = story.journal.filter((entry) => entry.room === room).length;
      for (let seq = (seen.get(client + room) ?? 0) + 1; seq <= head; seq++) {
        story.isShown(client, seq, room);
      }
      seen.set(client + room, head);
    };
    for (const client of clients) for (const room of rooms) story.joins(client, null, room);
    steps.forEach(({ client: c, room: r, lost }, index) => {
      const [client, room, id] = [clients[c]!, rooms[r]!, `m${index}`];
      story.sends(client, id, 1, room).isWritten(client, id, room);
      if (lost) {
        // The connection breaks before the ack; what it missed comes with the next join.
        story.happens(client, { op: 'unknown', room, id });
        story.happens(client, { op: 'disconnected', code: 1006 });
        for (const each of rooms) {
          story.joins(client, seen.get(client + each) || null, each);
          seen.set(client + each, story.journal.filter((entry) => entry.room === each).length);
        }
        story.sends(client, id, 2, room);
      }
      story.isAcked(client, id, 'node1', room);
      show(clients[1 - c]!, room);
    });
    for (const client of clients) for (const room of rooms) show(client, room);
    return story;
  });

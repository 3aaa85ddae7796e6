// Events written beside the nodes: as by a room that died before it could tell anybody.
import { join } from 'node:path';
import { SqliteJournal } from 'actor-ts';
import type { TestCluster } from './Driver.ts';
import { fresh, type Login } from './Login.ts';

/**
 * Appends messages with these texts to the room's stream. The events look as those of `sample`, a
 * room that has messages: so any form of them that the nodes write will do.
 * @returns the messages' ids
 */
export async function writeBeside(
  { dir }: TestCluster,
  reader: Login,
  room: string,
  texts: readonly string[],
  sample = room,
): Promise<string[]> {
  const last = (await reader.history(sample)).messages.at(-1)!;
  const journal = new SqliteJournal({ path: join(dir, 'chat.db') });
  await journal.open();
  try {
    const stream = await streamOf(journal, sample);
    const event = await eventAt(journal, stream, last.seq);
    const to = stream.replace(sample, room);
    const head = await journal.highestSeq(to);
    const messages = texts.map((text, i) => ({ id: fresh('beside'), text, seq: head + i + 1 }));
    const events = messages.map(({ id, text, seq }) => {
      const changed = new Map<unknown, unknown>([
        [last.id, id],
        [last.text, text],
        [last.seq, seq],
        [sample, room],
      ]);
      return replaced(event, changed);
    });
    await journal.append(to, events, head);
    return messages.map(({ id }) => id);
  } finally {
    await journal.close();
  }
}

async function streamOf(journal: SqliteJournal, room: string): Promise<string> {
  for await (const id of journal.persistenceIds()) if (id.endsWith(room)) return id;
  throw new Error(`the journal has no stream of ${room}`);
}

async function eventAt(journal: SqliteJournal, stream: string, seq: number): Promise<unknown> {
  for await (const { event } of journal.read(stream, seq, seq)) return event;
  throw new Error(`${stream} has no event ${seq}`);
}

function replaced(value: unknown, by: ReadonlyMap<unknown, unknown>): unknown {
  if (by.has(value)) return by.get(value);
  if (Array.isArray(value)) return value.map((entry) => replaced(entry, by));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, replaced(entry, by)]);
  return Object.fromEntries(entries);
}

// What the journal holds of all rooms, read beside the nodes.
import { fileURLToPath } from 'node:url';
import type { PersistedEvent } from 'actor-ts';
import type { TestCluster } from '../tests/harness/Driver.ts';
import { serverOf } from './faults/database.ts';
import type { JournalEntry } from './History.ts';

const PROGRAM = fileURLToPath(new URL('printJournal.ts', import.meta.url));
const ROOM = 'room-';

export async function readJournal(cluster: TestCluster): Promise<JournalEntry[]> {
  const database = serverOf(cluster);
  if (database === null) return readFile(cluster);
  const lines = await database.query(PROGRAM);
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}

async function readFile({ data }: TestCluster): Promise<JournalEntry[]> {
  const rows = await data.query(
    `SELECT DISTINCT pid FROM events WHERE pid LIKE '${ROOM}%' ORDER BY pid`,
  );
  const streams = await Promise.all(rows.map(({ pid }) => data.eventsOf(pid)));
  return streams.flat().map(toEntry);
}

export const isRoom = (persistenceId: string) => persistenceId.startsWith(ROOM);

export function toEntry({ persistenceId, sequenceNr, event }: PersistedEvent): JournalEntry {
  const { seq: numbered, id, from, text } = event.message;
  return { room: persistenceId.slice(ROOM.length), seq: sequenceNr, numbered, id, from, text };
}

// What the journal holds of all rooms, read beside the nodes.
import type { PersistedEvent } from 'actor-ts';
import type { TestCluster } from '../tests/harness/Driver.ts';
import type { JournalEntry } from './History.ts';

const ROOM = 'room-';

export async function readJournal({ data }: TestCluster): Promise<JournalEntry[]> {
  const rows = await data.query(
    `SELECT DISTINCT pid FROM events WHERE pid LIKE '${ROOM}%' ORDER BY pid`,
  );
  const streams = await Promise.all(rows.map(({ pid }) => data.eventsOf(pid)));
  return streams.flat().map(toEntry);
}

export function toEntry({ persistenceId, sequenceNr, event }: PersistedEvent): JournalEntry {
  const { seq: numbered, id, from, text } = event.message;
  return { room: persistenceId.slice(ROOM.length), seq: sequenceNr, numbered, id, from, text };
}

// How a persistent actor comes back: the newest snapshot that can be true, then the events after it.
import { JournalCorruptError, JournalError } from '../errors.ts';
import { EventReader } from './EventReader.ts';
import type { Journal, PersistedEvent } from './Journal.ts';
import type { SnapshotStore } from './SnapshotStore.ts';

export interface RecoverySource {
  readonly persistenceId: string;
  readonly journal: Journal;
  readonly snapshotStore: SnapshotStore;
  readonly onSnapshotSkipped: (error: JournalError) => void;
  /** Whether what is stored is an event, or a state, of this actor. */
  isEvent(event: unknown, sequenceNr: number): boolean;
  isState(state: unknown, sequenceNr: number): boolean;
}

export interface Recovered<State> {
  readonly state: State;
  readonly sequenceNr: number;
  /** Of the snapshot that was used, 0 for none. */
  readonly snapshotSeq: number;
}

/**
 * @throws JournalCorruptError when events are missing, or are none of this actor's
 * @throws JournalError when the stores fail, or an event cannot be applied
 */
export async function recover<Event, State>(
  source: RecoverySource,
  initialState: () => State,
  onEvent: (state: State, event: Event) => State,
): Promise<Recovered<State>> {
  const { persistenceId, journal, snapshotStore, onSnapshotSkipped: onSkipped } = source;
  const head = await journal.highestSeq(persistenceId);
  const isState = (stored: unknown, seq: number) => source.isState(stored, seq);
  const criteria = { maxSeq: head, isState, onSkipped };
  const found = await snapshotStore.loadLatest(persistenceId, criteria);
  const snapshot = found.toNullable();
  let state: State = snapshot === null ? initialState() : snapshot.state;
  let sequenceNr = snapshot?.sequenceNr ?? 0;
  for await (const page of pagesOf(journal.read(persistenceId, sequenceNr + 1))) {
    for (const persisted of page) {
      if (persisted.sequenceNr !== sequenceNr + 1) {
        throw gap(persistenceId, sequenceNr + 1, persisted.sequenceNr - 1);
      }
      if (!source.isEvent(persisted.event, persisted.sequenceNr)) {
        throw notOurs(persistenceId, persisted.sequenceNr);
      }
      try {
        state = onEvent(state, persisted.event);
      } catch (cause) {
        throw notApplied(persistenceId, persisted.sequenceNr, cause);
      }
      sequenceNr = persisted.sequenceNr;
    }
  }
  if (sequenceNr < head) throw gap(persistenceId, sequenceNr + 1, head);
  return { state, sequenceNr, snapshotSeq: snapshot?.sequenceNr ?? 0 };
}

/** Journals of others give one event at a time. */
async function* pagesOf(events: AsyncIterable<PersistedEvent>): AsyncGenerator<PersistedEvent[]> {
  if (events instanceof EventReader) yield* events.pages();
  else for await (const event of events) yield [event];
}

export function notApplied(pid: string, sequenceNr: number, cause: unknown): JournalError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new JournalError(`onEvent failed on event ${sequenceNr} of '${pid}': ${why}`, { cause });
}

function notOurs(pid: string, sequenceNr: number): JournalCorruptError {
  return new JournalCorruptError(
    `event ${sequenceNr} of '${pid}' is none of this actor: it was damaged, or written by another ` +
      'release',
  );
}

function gap(pid: string, from: number, to: number): JournalCorruptError {
  return new JournalCorruptError(
    `events ${from} to ${to} of '${pid}' are missing, and no usable snapshot holds them`,
  );
}

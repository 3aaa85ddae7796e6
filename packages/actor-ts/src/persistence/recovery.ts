// How a persistent actor comes back: the newest snapshot that can be true, then the events after it.
import { JournalCorruptError, JournalError } from '../errors.ts';
import type { Journal } from './Journal.ts';
import type { SnapshotStore } from './SnapshotStore.ts';

export interface RecoverySource {
  readonly persistenceId: string;
  readonly journal: Journal;
  readonly snapshotStore: SnapshotStore;
  readonly onSnapshotSkipped: (error: JournalError) => void;
}

export interface Recovered<State> {
  readonly state: State;
  readonly sequenceNr: number;
  /** Of the snapshot that was used, 0 for none. */
  readonly snapshotSeq: number;
}

/**
 * @throws JournalCorruptError when events are missing
 * @throws JournalError when the stores fail, or an event cannot be applied
 */
export async function recover<Event, State>(
  source: RecoverySource,
  initialState: () => State,
  onEvent: (state: State, event: Event) => State,
): Promise<Recovered<State>> {
  const { persistenceId, journal, snapshotStore, onSnapshotSkipped: onSkipped } = source;
  const head = await journal.highestSeq(persistenceId);
  const found = await snapshotStore.loadLatest(persistenceId, { maxSeq: head, onSkipped });
  const snapshot = found.toNullable();
  let state: State = snapshot === null ? initialState() : snapshot.state;
  let sequenceNr = snapshot?.sequenceNr ?? 0;
  for await (const persisted of journal.read(persistenceId, sequenceNr + 1)) {
    if (persisted.sequenceNr !== sequenceNr + 1) {
      throw gap(persistenceId, sequenceNr + 1, persisted.sequenceNr - 1);
    }
    try {
      state = onEvent(state, persisted.event);
    } catch (cause) {
      throw notApplied(persistenceId, persisted.sequenceNr, cause);
    }
    sequenceNr = persisted.sequenceNr;
  }
  if (sequenceNr < head) throw gap(persistenceId, sequenceNr + 1, head);
  return { state, sequenceNr, snapshotSeq: snapshot?.sequenceNr ?? 0 };
}

export function notApplied(pid: string, sequenceNr: number, cause: unknown): JournalError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new JournalError(`onEvent failed on event ${sequenceNr} of '${pid}': ${why}`, { cause });
}

function gap(pid: string, from: number, to: number): JournalCorruptError {
  return new JournalCorruptError(
    `events ${from} to ${to} of '${pid}' are missing, and no usable snapshot holds them`,
  );
}

// States of persistent actors, saved now and then so that recovery need not start at the first event.
import type { JournalError } from '../errors.ts';
import type { Option } from '../option.ts';

export interface Snapshot<S = any> {
  /** The state holds the events up to this one. */
  readonly sequenceNr: number;
  readonly state: S;
  /** Milliseconds since 1970, by the clock of the writer. */
  readonly timestamp: number;
}

export interface LoadCriteria {
  /** A snapshot beyond this number (the journal's head) is impossible and skipped. */
  readonly maxSeq?: number;
  /** Whether a state, as it was stored, is one that its reader knows; any other is skipped. */
  readonly isState?: (state: unknown, sequenceNr: number) => boolean;
  /** Hears of each snapshot that was skipped, and why. Default: a warning of the process. */
  readonly onSkipped?: (error: JournalError) => void;
}

export interface SnapshotStore {
  /** Keeps `state` as of event `seq`, in place of an earlier one of that number; at least two stay. */
  save(pid: string, seq: number, state: unknown): Promise<void>;

  /** The newest snapshot that can be read and can be true. */
  loadLatest(pid: string, criteria?: LoadCriteria): Promise<Option<Snapshot>>;

  /** Deletes the snapshots up to `toSeq`, included. */
  delete(pid: string, toSeq: number): Promise<void>;

  /** Idempotent. */
  close(): Promise<void>;
}

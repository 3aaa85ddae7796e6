// What all snapshot stores share: the public methods check, encode and choose; the protected ones store.
import { JournalCorruptError, JournalError } from '../errors.ts';
import { none, type Option, some } from '../option.ts';
import { decode, encode } from './encoding.ts';
import type { LoadCriteria, Snapshot, SnapshotStore } from './SnapshotStore.ts';
import { Store } from './Store.ts';
import { checkPersistenceId, checkSequenceNr, MAX_SNAPSHOT_CHARS } from './validate.ts';

/** A snapshot as it lies in the store. */
export interface StoredSnapshot {
  readonly sequenceNr: number;
  readonly state: string;
  readonly timestamp: number;
}

/** How many snapshots of a stream a store keeps unless told otherwise, and the least it takes. */
export const MIN_SNAPSHOTS = 2;

export abstract class AbstractSnapshotStore extends Store implements SnapshotStore {
  async save(pid: string, seq: number, state: unknown): Promise<void> {
    checkPersistenceId(pid);
    checkSequenceNr('seq', seq, 1);
    const text = encode(state, `snapshot ${seq} of '${pid}'`);
    if (text.length > MAX_SNAPSHOT_CHARS) {
      throw new JournalError(
        `a snapshot takes at most ${MAX_SNAPSHOT_CHARS} characters of text, ` +
          `that of '${pid}' has ${text.length}`,
      );
    }
    const snapshot = { sequenceNr: seq, state: text, timestamp: Date.now() };
    if (this.status !== 'open') await this.whenOpen();
    return this.doSave(pid, snapshot);
  }

  async loadLatest(pid: string, criteria: LoadCriteria = {}): Promise<Option<Snapshot>> {
    const { maxSeq = Number.MAX_SAFE_INTEGER, isState = anyState, onSkipped = warn } = criteria;
    checkPersistenceId(pid);
    checkSequenceNr('maxSeq', maxSeq, 0);
    let upTo = Number.MAX_SAFE_INTEGER;
    for (;;) {
      if (this.status !== 'open') await this.whenOpen();
      const stored = await this.doLoad(pid, upTo);
      if (stored === null) return none;
      try {
        return some(open(pid, stored, maxSeq, isState));
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        onSkipped(error);
      }
      upTo = stored.sequenceNr - 1;
    }
  }

  async delete(pid: string, toSeq: number): Promise<void> {
    checkPersistenceId(pid);
    checkSequenceNr('toSeq', toSeq, 0);
    if (this.status !== 'open') await this.whenOpen();
    return this.doDelete(pid, toSeq);
  }

  /**
   * Stores the snapshot and deletes all but the newest few of those up to its number. One beyond it
   * may be impossible, and must not push a good one out.
   */
  protected abstract doSave(pid: string, snapshot: StoredSnapshot): Promise<void>;

  /** The newest snapshot with a number up to `upTo`. */
  protected abstract doLoad(pid: string, upTo: number): Promise<StoredSnapshot | null>;

  protected abstract doDelete(pid: string, toSeq: number): Promise<void>;
}

function open(
  pid: string,
  stored: StoredSnapshot,
  maxSeq: number,
  isState: (state: unknown, sequenceNr: number) => boolean,
): Snapshot {
  const { sequenceNr, state, timestamp } = stored;
  if (sequenceNr > maxSeq) {
    throw new JournalCorruptError(
      `snapshot ${sequenceNr} of '${pid}' is beyond the head of its journal, ${maxSeq}: ` +
        'it belongs to another journal, or the journal lost events',
    );
  }
  const decoded = decode(state, 'snapshot', pid, sequenceNr);
  if (!isState(decoded, sequenceNr)) {
    throw new JournalCorruptError(
      `snapshot ${sequenceNr} of '${pid}' is no state of this actor: it was damaged, or written ` +
        'by another release',
    );
  }
  return { sequenceNr, state: decoded, timestamp };
}

const anyState = () => true;

function warn(error: JournalError): void {
  process.emitWarning(`skipped a snapshot: ${error.message}`, { code: error.code });
}

// When a persistent actor saves a snapshot by itself.
import { OptionsError } from '../errors.ts';

export interface SnapshotPolicy {
  /** Asked after each command that persisted something. 0 as the last snapshot's number: none yet. */
  isDue(sequenceNr: number, lastSnapshotSeq: number): boolean;
}

export const noSnapshots: SnapshotPolicy = { isDue: () => false };

/** A snapshot once `n` events came since the last one. @throws OptionsError */
export function everyNEvents(n: number): SnapshotPolicy {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new OptionsError(`everyNEvents takes a whole number from 1, got ${n}`);
  }
  return { isDue: (sequenceNr, lastSnapshotSeq) => sequenceNr - lastSnapshotSeq >= n };
}

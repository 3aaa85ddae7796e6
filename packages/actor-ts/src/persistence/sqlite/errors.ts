// What SQLite's errors mean for us.
import { JournalCorruptError, JournalError, JournalUnknownError } from '../../errors.ts';

const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** A COMMIT that failed otherwise than for a lock: the transaction may or may not be in the file. */
export class CommitFailure extends Error {
  override readonly name = 'CommitFailure';
}

/** Whether another connection holds a lock that we need: nothing has happened, try again. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** `error` as a JournalError that says what to do. `doing` completes "could not …". */
export function toJournalError(error: unknown, path: string, doing: string): JournalError {
  if (error instanceof JournalError) return error;
  const where = `could not ${doing} ${path}`;
  if (error instanceof CommitFailure) {
    return new JournalUnknownError(`${where}: the commit failed, its outcome is unknown`, {
      cause: error.cause,
    });
  }
  switch (resultCode(error)) {
    case NOTADB:
    case CORRUPT:
      return new JournalCorruptError(
        `${where}: the file is damaged or no SQLite database; move it and its -wal and -shm files ` +
          'away, or put a backup in its place',
        { cause: error },
      );
    case READONLY:
      return new JournalError(`${where}: it may not be written to; check its permissions`, {
        cause: error,
      });
    case FULL:
      return new JournalError(`${where}: the disk is full`, { cause: error });
    case CANTOPEN:
      return new JournalError(`${where}: it cannot be opened; check path and permissions`, {
        cause: error,
      });
    default:
      return new JournalError(`${where}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
  }
}

/** The primary result code of an error that node:sqlite threw. */
function resultCode(error: unknown): number | null {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : null;
}

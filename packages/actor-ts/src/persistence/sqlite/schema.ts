// The tables of journal and snapshot store. Both may live in one file.
import type { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../../errors.ts';

/** Kept in `user_version`. */
const VERSION = 1;

// `events` is a rowid table on purpose: what many streams append at once lands on the same few pages.
// The head of a stream is its last event's number; `heads` keeps it for streams whose last event has
// been deleted. `writer` says which opened journal wrote an event: that settles a commit that failed.
const TABLES = `
  CREATE TABLE events (
    pid    TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL, -- milliseconds since 1970
    writer INTEGER NOT NULL,
    tags   TEXT,             -- JSON list, NULL for none
    event  TEXT    NOT NULL, -- JSON
    PRIMARY KEY (pid, seq)
  ) STRICT;
  CREATE TABLE heads (
    pid  TEXT    NOT NULL PRIMARY KEY,
    head INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE snapshots (
    pid   TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,  -- milliseconds since 1970
    state TEXT    NOT NULL,  -- JSON
    PRIMARY KEY (pid, seq)
  ) STRICT;
  PRAGMA user_version = ${VERSION};
`;

/** Writes a page without changing anything; within a transaction only. */
export const TOUCH = `PRAGMA user_version = ${VERSION}`;

/** Sets the connection up and makes the tables where there are none. Throws busy: try again. */
export function prepareDatabase(db: DatabaseSync, wal: boolean): void {
  db.exec(`PRAGMA journal_mode = ${wal ? 'WAL' : 'DELETE'}; PRAGMA synchronous = FULL`);
  if (versionOf(db) === VERSION) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    // Asked again under the lock: another process may have been quicker.
    const version = versionOf(db);
    if (version === 0) db.exec(TABLES);
    else if (version !== VERSION) {
      throw new JournalError(
        `its tables have version ${version}, this release knows ${VERSION}: use the release that ` +
          'wrote it, or another file',
      );
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}

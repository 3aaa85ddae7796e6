// Snapshots in an SQLite file, which may be the journal's.
import { checkOptions, isInteger } from '../../options.ts';
import {
  AbstractSnapshotStore,
  MIN_SNAPSHOTS,
  type StoredSnapshot,
} from '../AbstractSnapshotStore.ts';
import { SqliteConnection, type SqliteOptions, sqliteRules } from './SqliteConnection.ts';

export interface SqliteSnapshotStoreOptions extends SqliteOptions {
  /** Snapshots kept per stream, from 2. Default 2. */
  keep?: number;
}

const SAVE = `INSERT INTO snapshots (pid, seq, at, state) VALUES (?, ?, ?, ?)
  ON CONFLICT (pid, seq) DO UPDATE SET at = excluded.at, state = excluded.state`;
const PRUNE = `DELETE FROM snapshots WHERE pid = ?1 AND seq <
  (SELECT seq FROM snapshots WHERE pid = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3)`;
const LOAD = `SELECT seq, at, state FROM snapshots
  WHERE pid = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`;
const DELETE = 'DELETE FROM snapshots WHERE pid = ? AND seq <= ?';

export class SqliteSnapshotStore extends AbstractSnapshotStore {
  private readonly options: SqliteSnapshotStoreOptions;
  private connection: SqliteConnection | null = null;

  constructor(options: SqliteSnapshotStoreOptions) {
    super();
    checkOptions(
      'SqliteSnapshotStore',
      options,
      { ...sqliteRules, keep: isInteger(MIN_SNAPSHOTS) },
      ['path'],
    );
    this.options = options;
  }

  protected async doOpen(): Promise<void> {
    const { path, wal, busyDeadlineMs } = this.options;
    this.connection = await SqliteConnection.open({ path, wal, busyDeadlineMs });
  }

  protected async doClose(): Promise<void> {
    this.connection?.close();
    this.connection = null;
  }

  protected doSave(pid: string, { sequenceNr, state, timestamp }: StoredSnapshot): Promise<void> {
    const keep = this.options.keep ?? MIN_SNAPSHOTS;
    return this.run((connection) => {
      connection.transaction(() => {
        connection.statement(SAVE).run(pid, sequenceNr, timestamp, state);
        connection.statement(PRUNE).run(pid, sequenceNr, keep - 1);
      });
    }, 'save a snapshot to');
  }

  protected doLoad(pid: string, upTo: number): Promise<StoredSnapshot | null> {
    return this.run((connection) => {
      const row = connection.statement(LOAD).get(pid, upTo);
      if (row === undefined) return null;
      const [sequenceNr, timestamp, state] = row as unknown as [number, number, string];
      return { sequenceNr, timestamp, state };
    }, 'read a snapshot from');
  }

  protected doDelete(pid: string, toSeq: number): Promise<void> {
    return this.run((connection) => {
      connection.transaction(() => connection.statement(DELETE).run(pid, toSeq));
    }, 'delete snapshots from');
  }

  private run<T>(action: (connection: SqliteConnection) => T, doing: string): Promise<T> {
    return this.connection!.run(() => {
      // Closed while this waited for a lock.
      if (this.connection === null) throw this.closedError();
      return action(this.connection);
    }, doing);
  }
}

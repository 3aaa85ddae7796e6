// Snapshots in Cassandra, in the keyspace of the journal or in another one. Each has a name of its
// own, so writers do not meet: whoever saves writes its text first and then says that it is complete.
import { isInteger } from '../../options.ts';
import {
  AbstractSnapshotStore,
  MIN_SNAPSHOTS,
  type StoredSnapshot,
} from '../AbstractSnapshotStore.ts';
import { CassandraConnection, type Row } from './CassandraConnection.ts';
import { type CassandraOptions, checkCassandraOptions } from './options.ts';
import { toNumber } from './Partitions.ts';

export interface CassandraSnapshotStoreOptions extends CassandraOptions {
  /** Snapshots kept per stream, from 2. Default 2. */
  keep?: number;
}

/** UTF-16 units of one piece of a snapshot: at most 1.5 MiB, well below what a request may have. */
const CHUNK_CHARS = 512 * 1024;
/** Entries of a stream looked at in one go. There are `keep`, and those that writers left behind. */
const ENTRIES = 100;

export class CassandraSnapshotStore extends AbstractSnapshotStore {
  private readonly options: CassandraSnapshotStoreOptions;
  private readonly statements: ReturnType<typeof statementsOf>;
  private connection: CassandraConnection | null = null;

  /** @throws OptionsError */
  constructor(options: CassandraSnapshotStoreOptions) {
    super();
    checkCassandraOptions('CassandraSnapshotStore', options, {
      keep: isInteger(MIN_SNAPSHOTS, 50),
    });
    this.options = options;
    this.statements = statementsOf(options.keyspace);
  }

  protected async doOpen(): Promise<void> {
    const isWanted = () => this.status === 'opening';
    this.connection = await CassandraConnection.open(this.options, isWanted);
  }

  protected async doClose(): Promise<void> {
    await this.connection?.close();
    this.connection = null;
  }

  protected async doSave(pid: string, snapshot: StoredSnapshot): Promise<void> {
    const { sequenceNr: seq, state, timestamp } = snapshot;
    const connection = this.connection!;
    const { enter, addChunk, complete } = this.statements;
    const id = connection.newTimeId();
    const chunks = [...chunksOf(state)];
    await connection.write(enter, [pid, seq, id, new Date(timestamp), chunks.length]);
    for (const [number, text] of chunks.entries()) {
      await connection.write(addChunk, [pid, seq, id, number, text]);
    }
    await connection.write(complete, [pid, seq, id]);
    await this.prune(pid, seq);
  }

  protected async doLoad(pid: string, upTo: number): Promise<StoredSnapshot | null> {
    const rows = await this.connection!.read(this.statements.entries, [pid, upTo, ENTRIES]);
    const row = rows.find(isComplete);
    if (row === undefined) return null;
    const texts: string[] = [];
    for (let chunk = 0; chunk < row.chunks; chunk++) {
      const key = [pid, row.seq, row.id, chunk];
      const found = (await this.connection!.read(this.statements.chunk, key))[0];
      // A text with a hole cannot be decoded, and the snapshot is skipped for an older one.
      texts.push(found?.text ?? '');
    }
    return {
      sequenceNr: toNumber(row.seq)!,
      timestamp: row.at.getTime(),
      state: texts.join(''),
    };
  }

  protected async doDelete(pid: string, toSeq: number): Promise<void> {
    for (;;) {
      const rows = await this.connection!.read(this.statements.entries, [pid, toSeq, ENTRIES]);
      for (const row of rows) await this.remove(pid, row);
      if (rows.length < ENTRIES) return;
    }
  }

  /** Deletes what is older than the newest few up to `seq`, was replaced, or was left half written. */
  private async prune(pid: string, seq: number): Promise<void> {
    const rows = await this.connection!.read(this.statements.entries, [pid, seq, ENTRIES]);
    const kept = new Set<number>();
    for (const row of rows) {
      const number = toNumber(row.seq)!;
      const useful = isComplete(row) && !kept.has(number) && kept.size < this.keep;
      if (useful) kept.add(number);
      else await this.remove(pid, row);
    }
  }

  private async remove(pid: string, { seq, id }: Row): Promise<void> {
    // Its entry last: until then it can be found and removed again.
    await this.connection!.write(this.statements.removeChunks, [pid, seq, id]);
    await this.connection!.write(this.statements.removeEntry, [pid, seq, id]);
  }

  private get keep(): number {
    return this.options.keep ?? MIN_SNAPSHOTS;
  }
}

function statementsOf(keyspace: string) {
  const entries = `${keyspace}.snapshots`;
  const chunks = `${keyspace}.snapshot_chunks`;
  return {
    enter: `INSERT INTO ${entries} (pid, seq, id, at, chunks, complete) VALUES (?, ?, ?, ?, ?, false)`,
    addChunk: `INSERT INTO ${chunks} (pid, seq, id, chunk, text) VALUES (?, ?, ?, ?, ?)`,
    complete: `UPDATE ${entries} SET complete = true WHERE pid = ? AND seq = ? AND id = ?`,
    entries: `SELECT seq, id, at, chunks, complete FROM ${entries} WHERE pid = ? AND seq <= ? LIMIT ?`,
    chunk: `SELECT text FROM ${chunks} WHERE pid = ? AND seq = ? AND id = ? AND chunk = ?`,
    removeChunks: `DELETE FROM ${chunks} WHERE pid = ? AND seq = ? AND id = ?`,
    removeEntry: `DELETE FROM ${entries} WHERE pid = ? AND seq = ? AND id = ?`,
  };
}

/** One whose entry was removed while it was being written has no number of chunks. */
function isComplete({ complete, chunks }: Row): boolean {
  return complete === true && chunks !== null;
}

/** Pieces of `text` that do not cut a character in two. */
function* chunksOf(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + CHUNK_CHARS, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end--;
    yield text.slice(start, end);
    start = end;
  }
}

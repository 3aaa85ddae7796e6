// The keyspace and the tables of journal and snapshot store, and making them.
import { JournalError } from '../../errors.ts';
import type { CassandraOptions, Replication } from './options.ts';

/** Kept in the comment of each table. */
const VERSION = 'actor-ts 1';

type Run = (query: string, params: readonly unknown[]) => Promise<readonly unknown[]>;

// A stream is a chain of partitions, numbered from 0. Events are appended to the last one; that
// which is full is sealed, and the next one begins. The static columns are the partition's state,
// and every write to it is conditional on them:
//   head     the number of its last event
//   first    the number of its first event
//   bytes    how large the texts of its events are
//   sealed   whether the stream goes on in the next partition; nothing is ever appended again
//   fence    raised to shut out a write that may still be on its way
//   deleted  events up to this one are deleted; in partition 0: of the whole stream
// `writer` names the append that an event came with.
const EVENTS = `(
  pid     text,
  part    int,
  head    bigint static,
  first   bigint static,
  bytes   bigint static,
  sealed  boolean static,
  fence   int static,
  deleted bigint static,
  seq     bigint,
  at      timestamp,
  writer  uuid,
  tags    frozen<list<text>>,
  event   text,
  PRIMARY KEY ((pid, part), seq)
)`;

// A snapshot counts once `complete` is true: its text is in `snapshot_chunks`, in pieces that a
// request can carry. It is entered here before its first piece, so that nothing is left behind when
// its writer dies. Old ones are deleted all the time, and if one came back it would do no harm, so
// their tombstones need not be kept for days.
const SNAPSHOTS = `(
  pid      text,
  seq      bigint,
  id       timeuuid,
  at       timestamp,
  chunks   int,
  complete boolean,
  PRIMARY KEY (pid, seq, id)
) WITH CLUSTERING ORDER BY (seq DESC, id DESC) AND gc_grace_seconds = 3600`;

const SNAPSHOT_CHUNKS = `(
  pid   text,
  seq   bigint,
  id    timeuuid,
  chunk int,
  text  text,
  PRIMARY KEY ((pid, seq, id), chunk)
) WITH gc_grace_seconds = 3600`;

const TABLES: Record<string, string> = {
  events: EVENTS,
  snapshots: SNAPSHOTS,
  snapshot_chunks: SNAPSHOT_CHUNKS,
};

/** Makes what is missing, as far as the options allow. @throws JournalError */
export async function prepareKeyspace(run: Run, options: CassandraOptions): Promise<void> {
  const { keyspace, autoCreateKeyspace = true, autoCreateTables = true } = options;
  // Looked for first: `IF NOT EXISTS` from several nodes at once is safe on one node of Cassandra, but
  // on many it should not be tried without need.
  const found = await run(
    'SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?',
    [keyspace],
  );
  if (found.length === 0) {
    const statement = createKeyspace(options);
    if (!autoCreateKeyspace) throw missing(`keyspace ${keyspace}`, statement);
    await run(statement, []);
  }
  const versions = new Map<string, string>();
  const tables = await run(
    'SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = ?',
    [keyspace],
  );
  for (const row of tables as { table_name: string; comment: string }[]) {
    versions.set(row.table_name, row.comment);
  }
  for (const table of Object.keys(TABLES)) {
    const version = versions.get(table);
    if (version === VERSION) continue;
    if (version !== undefined) {
      throw new JournalError(
        `table ${keyspace}.${table} is not of this release: its comment is '${version}', not ` +
          `'${VERSION}'; use another keyspace`,
      );
    }
    const statement = createTable(keyspace, table);
    if (!autoCreateTables) throw missing(`table ${keyspace}.${table}`, statement);
    await run(statement, []);
  }
}

function createKeyspace({ keyspace, localDataCenter, replication }: CassandraOptions): string {
  const settings: Replication = replication ?? {
    class: 'NetworkTopologyStrategy',
    [localDataCenter]: 1,
  };
  const entries = Object.entries(settings).map(([name, value]) => {
    return `'${name.replaceAll("'", "''")}': ${typeof value === 'number' ? value : `'${value}'`}`;
  });
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {${entries.join(', ')}}`;
}

function createTable(keyspace: string, table: string): string {
  const definition = TABLES[table]!;
  const and = definition.includes(') WITH ') ? 'AND' : 'WITH';
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${table} ${definition} ${and} comment = '${VERSION}'`;
}

function missing(what: string, statement: string): JournalError {
  return new JournalError(`there is no ${what}, and it is not to be made here: ${statement}`);
}

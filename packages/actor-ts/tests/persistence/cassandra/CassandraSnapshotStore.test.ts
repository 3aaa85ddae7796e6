import { afterAll, describe, test } from 'vitest';
import { CassandraSnapshotStore } from '../../../src/persistence/cassandra/CassandraSnapshotStore.ts';
import { snapshotStoreSuite } from '../../../src/testkit/snapshotStoreSuite.ts';
import { cql, dropKeyspace, newKeyspace, serverOptions } from './server.ts';

describe('CassandraSnapshotStore', () => {
  const keyspace = newKeyspace();
  afterAll(() => dropKeyspace(keyspace));

  snapshotStoreSuite({
    test,
    factory: () => ({
      open: () => new CassandraSnapshotStore(serverOptions(keyspace)),
      corrupt: async (pid, seq) => {
        const find = `SELECT id FROM ${keyspace}.snapshots WHERE pid = ? AND seq = ?`;
        const [row] = await cql(find, [pid, seq]);
        const harm = `UPDATE ${keyspace}.snapshot_chunks SET text = '{"half":'
          WHERE pid = ? AND seq = ? AND id = ? AND chunk = 0`;
        await cql(harm, [pid, seq, row!.id]);
      },
    }),
    supports: { corrupt: true },
  });
});

import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'vitest';
import { SqliteSnapshotStore } from '../../../src/persistence/sqlite/SqliteSnapshotStore.ts';
import { snapshotStoreSuite } from '../../../src/testkit/snapshotStoreSuite.ts';
import { temporaryFile } from './temporary.ts';

describe('SqliteSnapshotStore', () => {
  snapshotStoreSuite({
    test,
    factory: async () => {
      const { path, dispose } = await temporaryFile();
      return {
        open: () => new SqliteSnapshotStore({ path }),
        corrupt: (pid, seq) => {
          const db = new DatabaseSync(path);
          db.prepare(`UPDATE snapshots SET state = '{"half":' WHERE pid = ? AND seq = ?`).run(
            pid,
            seq,
          );
          db.close();
        },
        dispose,
      };
    },
    supports: { corrupt: true },
  });
});

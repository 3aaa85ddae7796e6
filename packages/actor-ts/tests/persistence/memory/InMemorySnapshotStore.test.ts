import { describe, test } from 'vitest';
import {
  InMemorySnapshotStore,
  SnapshotMemory,
} from '../../../src/persistence/memory/InMemorySnapshotStore.ts';
import { snapshotStoreSuite } from '../../../src/testkit/snapshotStoreSuite.ts';

describe('InMemorySnapshotStore', () => {
  snapshotStoreSuite({
    test,
    factory: () => {
      const memory = new SnapshotMemory();
      return {
        open: () => new InMemorySnapshotStore(memory),
        corrupt: (pid, seq) => {
          const snapshots = memory.streams.get(pid)!;
          const index = snapshots.findIndex(({ sequenceNr }) => sequenceNr === seq);
          snapshots[index] = { ...snapshots[index]!, state: '{"half":' };
        },
      };
    },
    supports: { corrupt: true },
  });
});

import { expect, test } from 'vitest';
import {
  ActorSystem,
  InMemoryJournal,
  InMemorySnapshotStore,
  OptionsError,
  PersistenceExtensionId,
} from '../../src/index.ts';

test('keeps everything in memory until told otherwise', async () => {
  const system = ActorSystem.create('test');
  const persistence = system.extension(PersistenceExtensionId);
  expect(persistence.journal).toBeInstanceOf(InMemoryJournal);
  expect(persistence.journal).toBe(persistence.journal);
  expect(persistence.snapshotStore).toBeInstanceOf(InMemorySnapshotStore);
  const journal = new InMemoryJournal();
  persistence.setJournal(journal);
  expect(system.extension(PersistenceExtensionId).journal).toBe(journal);
  await system.terminate();
});

test('refuses what is no store', async () => {
  const system = ActorSystem.create('test');
  const persistence = system.extension(PersistenceExtensionId);
  expect(() => persistence.setJournal({ append: () => 1 } as never)).toThrow(OptionsError);
  expect(() => persistence.setSnapshotStore(new InMemoryJournal() as never)).toThrow(/save/);
  expect(() => persistence.setJournal(null as never)).toThrow(OptionsError);
  await system.terminate();
});

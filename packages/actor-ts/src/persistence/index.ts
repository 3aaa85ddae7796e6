// The public names of persistence.
export {
  AbstractJournal,
  type EventPage,
  type EventText,
  type StoredEvent,
} from './AbstractJournal.ts';
export { AbstractSnapshotStore, type StoredSnapshot } from './AbstractSnapshotStore.ts';
export { CassandraJournal, type CassandraJournalOptions } from './cassandra/CassandraJournal.ts';
export {
  CassandraSnapshotStore,
  type CassandraSnapshotStoreOptions,
} from './cassandra/CassandraSnapshotStore.ts';
export type { CassandraOptions } from './cassandra/options.ts';
export type { Journal, PersistedEvent } from './Journal.ts';
export { InMemoryJournal, JournalMemory } from './memory/InMemoryJournal.ts';
export { InMemorySnapshotStore, SnapshotMemory } from './memory/InMemorySnapshotStore.ts';
export { PersistenceExtension, PersistenceExtensionId } from './PersistenceExtension.ts';
export { PersistentActor } from './PersistentActor.ts';
export { everyNEvents, noSnapshots, type SnapshotPolicy } from './SnapshotPolicy.ts';
export type { LoadCriteria, Snapshot, SnapshotStore } from './SnapshotStore.ts';
export type { StoreStatus } from './Store.ts';
export { SqliteJournal, type SqliteJournalOptions } from './sqlite/SqliteJournal.ts';
export {
  SqliteSnapshotStore,
  type SqliteSnapshotStoreOptions,
} from './sqlite/SqliteSnapshotStore.ts';

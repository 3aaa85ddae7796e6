// Which journal and which snapshot store the persistent actors of a system use.
import type { ExtensionId } from '../actor/Extension.ts';
import { OptionsError } from '../errors.ts';
import type { Journal } from './Journal.ts';
import { InMemoryJournal } from './memory/InMemoryJournal.ts';
import { InMemorySnapshotStore } from './memory/InMemorySnapshotStore.ts';
import type { SnapshotStore } from './SnapshotStore.ts';

const JOURNAL_METHODS = ['append', 'read', 'highestSeq', 'delete', 'persistenceIds', 'close'];
const SNAPSHOT_STORE_METHODS = ['save', 'loadLatest', 'delete', 'close'];

/** In memory until told otherwise. Whoever sets a store closes it, after the actors have stopped. */
export class PersistenceExtension {
  private currentJournal: Journal | null = null;
  private currentSnapshotStore: SnapshotStore | null = null;

  get journal(): Journal {
    this.currentJournal ??= new InMemoryJournal();
    return this.currentJournal;
  }

  /** False while the journal is one that can lose its database, and has. */
  get journalAnswers(): boolean {
    return this.currentJournal?.isAnswering ?? true;
  }

  get snapshotStore(): SnapshotStore {
    this.currentSnapshotStore ??= new InMemorySnapshotStore();
    return this.currentSnapshotStore;
  }

  /** For actors that start from now on. @throws OptionsError */
  setJournal(journal: Journal): this {
    checkMethods('setJournal', journal, JOURNAL_METHODS);
    this.currentJournal = journal;
    return this;
  }

  /** For actors that start from now on. @throws OptionsError */
  setSnapshotStore(store: SnapshotStore): this {
    checkMethods('setSnapshotStore', store, SNAPSHOT_STORE_METHODS);
    this.currentSnapshotStore = store;
    return this;
  }
}

export const PersistenceExtensionId: ExtensionId<PersistenceExtension> = {
  key: 'persistence',
  create: () => new PersistenceExtension(),
};

function checkMethods(where: string, store: unknown, methods: readonly string[]): void {
  const missing = methods.filter((method) => {
    return typeof (store as Record<string, unknown> | null | undefined)?.[method] !== 'function';
  });
  if (missing.length > 0) {
    throw new OptionsError(`${where}: the store has no method ${missing.join(', ')}`);
  }
}

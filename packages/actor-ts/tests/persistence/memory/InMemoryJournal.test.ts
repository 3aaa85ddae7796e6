import { describe, test } from 'vitest';
import { InMemoryJournal, JournalMemory } from '../../../src/persistence/memory/InMemoryJournal.ts';
import { journalSuite } from '../../../src/testkit/journalSuite.ts';

describe('InMemoryJournal', () => {
  journalSuite({
    test,
    factory: () => {
      const memory = new JournalMemory();
      return { open: () => new InMemoryJournal(memory) };
    },
  });
});

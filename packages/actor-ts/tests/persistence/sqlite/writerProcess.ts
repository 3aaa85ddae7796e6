// A process that appends to a stream others write to as well: node writerProcess.ts <file> <name> <count>.
// Prints [number, event] for each append that was accepted.
import { writeSync } from 'node:fs';
import { JournalConcurrencyError } from '../../../src/errors.ts';
import { SqliteJournal } from '../../../src/persistence/sqlite/SqliteJournal.ts';

const [path, name, count] = process.argv.slice(2) as [string, string, string];
const journal = new SqliteJournal({ path, busyDeadlineMs: 20_000 });
let head = 0;
for (let n = 0; n < Number(count); ) {
  try {
    const event = `${name}:${n}`;
    head = await journal.append('shared', [event], head);
    writeSync(1, `${JSON.stringify([head, event])}\n`);
    n++;
  } catch (error) {
    if (!(error instanceof JournalConcurrencyError)) throw error;
    head = error.actual!;
  }
}
await journal.close();

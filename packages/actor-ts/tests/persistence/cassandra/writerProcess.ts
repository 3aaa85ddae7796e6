// A process that appends to a stream others write to as well: node writerProcess.ts <keyspace> <name> <count>.
// Prints [number, event] for each append that was accepted.
import { writeSync } from 'node:fs';
import { JournalConcurrencyError } from '../../../src/errors.ts';
import { CassandraJournal } from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { serverOptions } from './server.ts';

const [keyspace, name, count] = process.argv.slice(2) as [string, string, string];
const journal = new CassandraJournal({ ...serverOptions(keyspace), partitionSize: 10 });
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

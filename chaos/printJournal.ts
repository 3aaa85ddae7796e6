// Prints what a Cassandra journal holds of all rooms, an entry a line. Runs where nodes would: the
// database is not published.
import { CassandraJournal } from 'actor-ts';
import { isRoom, toEntry } from './readJournal.ts';

const { CASSANDRA_CONTACT_POINTS = '', CASSANDRA_LOCAL_DC, CASSANDRA_KEYSPACE } = process.env;
const journal = new CassandraJournal({
  contactPoints: CASSANDRA_CONTACT_POINTS.split(','),
  localDataCenter: CASSANDRA_LOCAL_DC ?? 'datacenter1',
  keyspace: CASSANDRA_KEYSPACE ?? 'chat',
});
await journal.open();
for await (const id of journal.persistenceIds()) {
  if (!isRoom(id)) continue;
  for await (const event of journal.read(id, 1)) console.log(JSON.stringify(toEntry(event)));
}
await journal.close();

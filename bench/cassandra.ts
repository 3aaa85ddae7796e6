// What the journal in Cassandra costs beside the driver alone, on one server, in one run. Compare the
// ratios: the figures themselves depend on the machine.
//
//   .ci/cassandra/start /tmp/cassandra        prints host:port and a process id
//   CASSANDRA_CONTACT_POINTS=host:port node bench/cassandra.ts [--appends 500] [--events 100000]
//   .ci/cassandra/stop <process id>
import { parseArgs } from 'node:util';
import { CassandraJournal } from 'actor-ts';
import { Client, types } from 'cassandra-driver';

const { values } = parseArgs({
  options: {
    appends: { type: 'string', default: '500' },
    events: { type: 'string', default: '100000' },
  },
});
const APPENDS = Number(values.appends);
const EVENTS = Number(values.events);
const ROUNDS = 3;
const STREAMS = 100;
const EVENTS_OF_A_BATCH = 500;
const KEYSPACE = 'bench';
const contactPoints = process.env.CASSANDRA_CONTACT_POINTS?.split(',');
const localDataCenter = process.env.CASSANDRA_LOCAL_DC ?? 'datacenter1';
if (contactPoints === undefined) throw new Error('CASSANDRA_CONTACT_POINTS names no server');

const event = { kind: 'posted', from: 'ada', text: 'x'.repeat(100), at: new Date(0) };
const client = new Client({
  contactPoints,
  localDataCenter,
  queryOptions: {
    prepare: true,
    consistency: types.consistencies.localQuorum,
    serialConsistency: types.consistencies.serial,
  },
});
await client.connect();
await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`, [], { prepare: false });
const options = { contactPoints, localDataCenter, keyspace: KEYSPACE };
const journal = new CassandraJournal(options);
await journal.open();
await client.execute(
  `CREATE TABLE ${KEYSPACE}.raw (id text, head bigint static, seq bigint, event text, PRIMARY KEY (id, seq))`,
  [],
  { prepare: false },
);

/** The least that a journal could do: one condition, one row, by the driver alone. */
async function rawAppends(id: string, count: number): Promise<void> {
  const text = JSON.stringify(event);
  for (let seq = 1; seq <= count; seq++) {
    const result = await client.batch(
      [
        {
          query: `UPDATE ${KEYSPACE}.raw SET head = ? WHERE id = ? IF head = ?`,
          params: [seq, id, seq === 1 ? null : seq - 1],
        },
        {
          query: `INSERT INTO ${KEYSPACE}.raw (id, seq, event) VALUES (?, ?, ?)`,
          params: [id, seq, text],
        },
      ],
      { prepare: true, logged: false },
    );
    if (!result.wasApplied()) throw new Error(`the raw append ${seq} was refused`);
  }
}

async function appends(pid: string, count: number): Promise<void> {
  for (let head = 0; head < count; head++) await journal.append(pid, [event], head);
}

async function fill(): Promise<void> {
  const batch = Array<unknown>(EVENTS_OF_A_BATCH).fill(event);
  for (let head = 0; head < EVENTS; ) head = await journal.append('long', batch, head);
}

async function replay(): Promise<void> {
  const reader = new CassandraJournal(options);
  let seen = 0;
  for await (const { sequenceNr } of reader.read('long', 1)) seen = sequenceNr;
  await reader.close();
  if (seen !== EVENTS) throw new Error(`read ${seen} of ${EVENTS} events`);
}

/** The same rows, page by page, by the driver alone. */
async function rawReplay(): Promise<void> {
  const query = `SELECT seq, at, tags, event FROM ${KEYSPACE}.events WHERE pid = ? AND part = ?`;
  let seen = 0;
  for (let part = 0; seen < EVENTS; part++) {
    const rows = await client.execute(query, ['long', part], { prepare: true, fetchSize: 500 });
    for await (const row of rows) {
      seen++;
      JSON.parse(row.event);
    }
  }
}

async function perSecond(what: string, count: number, action: () => Promise<unknown>) {
  const start = performance.now();
  await action();
  const rate = count / ((performance.now() - start) / 1000);
  console.log(`${what.padEnd(56)} ${Math.round(rate).toString().padStart(8)}/s`);
  return rate;
}

/** In turns, so that a change of the machine's mood hits both. */
async function inTurns(
  one: (round: number) => Promise<number>,
  other: (round: number) => Promise<number>,
): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    ratios.push((await one(round)) / (await other(round)));
  ratios.sort((a, b) => a - b);
  console.log(`  ratio, median of ${ROUNDS}: ${ratios[ROUNDS >> 1]!.toFixed(2)}`);
}

const all = Array.from({ length: STREAMS }, (_, n) => n);
const each = Math.max(1, Math.round(APPENDS / 10));
await rawAppends('warm-up', 100);
await appends('warm-up', 100);

await inTurns(
  (round) =>
    perSecond('one stream, one at a time: journal', APPENDS, () => appends(`a${round}`, APPENDS)),
  (round) =>
    perSecond('one stream, one at a time: driver alone', APPENDS, () =>
      rawAppends(`a${round}`, APPENDS),
    ),
);
await inTurns(
  (round) =>
    perSecond(`${STREAMS} streams at once: journal`, STREAMS * each, () =>
      Promise.all(all.map((n) => appends(`b${round}-${n}`, each))),
    ),
  (round) =>
    perSecond(`${STREAMS} streams at once: driver alone`, STREAMS * each, () =>
      Promise.all(all.map((n) => rawAppends(`b${round}-${n}`, each))),
    ),
);
await perSecond(`one stream, ${APPENDS} appends queued: journal`, APPENDS, () =>
  Promise.all(
    Array.from({ length: APPENDS }, (_, head) => journal.append('queued', [event], head)),
  ),
);
await perSecond(`written in batches of ${EVENTS_OF_A_BATCH}: journal`, EVENTS, fill);
await inTurns(
  () => perSecond(`replay of ${EVENTS}: journal`, EVENTS, replay),
  () => perSecond(`replay of ${EVENTS}: driver alone`, EVENTS, rawReplay),
);
console.log(`memory at the end: ${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`);

await journal.close();
await client.execute(`DROP KEYSPACE ${KEYSPACE}`, [], { prepare: false });
await client.shutdown();

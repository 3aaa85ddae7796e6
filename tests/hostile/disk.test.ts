// A journal file that somebody, or something, has damaged: the rooms it hits are refused by a name in
// the log, all others work, and the node neither ends nor spins.
import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { SqliteJournal, SqliteSnapshotStore } from 'actor-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { fresh, Login } from '../harness/Login.ts';
import { corpus } from './corpus.ts';
import { Victim } from './Victim.ts';

const MESSAGES = 3;
/** Room → what is done to its three rows; `pid` is the room's stream. */
const DAMAGES: Readonly<Record<string, string>> = {
  'broken-json': `UPDATE events SET event = '{"kind":' WHERE pid = :pid AND seq = 2`,
  'wrong-shape': `UPDATE events SET event = '{"kind":"posted"}' WHERE pid = :pid AND seq = 2`,
  'no-text': `UPDATE events SET event = CAST(x'fffefd' AS TEXT) WHERE pid = :pid AND seq = 2`,
  'empty-text': `UPDATE events SET event = '' WHERE pid = :pid AND seq = 3`,
  'nested-without-end': `UPDATE events SET event = '{"$map":' || replace(hex(zeroblob(50000)), '0', '[') WHERE pid = :pid AND seq = 1`,
  'broken-tags': `UPDATE events SET tags = '[' WHERE pid = :pid AND seq = 2`,
  gap: 'DELETE FROM events WHERE pid = :pid AND seq = 2',
  'beginning-lost': 'DELETE FROM events WHERE pid = :pid AND seq = 1',
  'swapped-numbers': `UPDATE events SET event = (SELECT event FROM events WHERE pid = :pid AND seq = 1) WHERE pid = :pid AND seq = 3`,
  'number-beyond-2-to-the-53':
    'UPDATE events SET seq = 9007199254740993 WHERE pid = :pid AND seq = 3',
  'negative-number': 'UPDATE events SET seq = -seq WHERE pid = :pid',
};
/** Every snapshot of the corpus that can be in a table of text, under the last event's number. */
const SNAPSHOTS = corpus('snapshots').map(({ name, bytes }) => [
  `snapshot-${name}`,
  bytes.toString(),
]);

async function prepare(path: string): Promise<void> {
  const journal = new SqliteJournal({ path });
  const snapshots = new SqliteSnapshotStore({ path });
  for (const room of ['good', ...Object.keys(DAMAGES), ...SNAPSHOTS.map(([name]) => name!)]) {
    const events = Array.from({ length: MESSAGES }, (_, index) => ({
      kind: 'posted',
      message: { seq: index + 1, id: `m${index + 1}`, from: 'ann', text: 'x', at: '' },
    }));
    await journal.append(`room-${room}`, events, 0);
  }
  await snapshots.save('room-good', 1, { head: 1, recent: [], seqs: [] });
  await Promise.all([journal.close(), snapshots.close()]);
  const database = new DatabaseSync(path);
  for (const [room, damage] of Object.entries(DAMAGES)) {
    database.prepare(damage).run({ pid: `room-${room}` });
  }
  const insert = database.prepare('INSERT INTO snapshots VALUES (?, ?, 0, ?)');
  for (const [room, text] of SNAPSHOTS) insert.run(`room-${room}`, MESSAGES, text!);
  database.close();
}

describe('a damaged journal', () => {
  let victim: Victim;
  let ann: Login;
  beforeAll(async () => {
    victim = await Victim.start({ prepare });
    ann = await Login.as('ann', victim.node);
  });
  afterAll(() => victim[Symbol.asyncDispose]());

  test('the rooms that it hits are refused, with a code in the log; others are read and written', async () => {
    const refused = Object.keys(DAMAGES).map(async (room) => {
      const { status, body } = await ann.call('GET', `/rooms/${room}/messages`);
      const ofRoom = () => complaintsAbout(room);
      const [complaint] = await eventually(ofRoom, (lines) => lines.length > 0);
      const causeCode = String(complaint?.causeCode).replace(/_CORRUPT$/, '');
      return [room, status, body.code, complaint?.err?.code, causeCode];
    });
    for (let seq = MESSAGES + 1; seq < MESSAGES + 20; seq++) {
      expect((await ann.post('good', fresh('id'), 'x')).body.seq).toBe(seq);
    }
    const { messages } = await ann.history('good');
    expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
    expect(await Promise.all(refused)).toEqual(
      Object.keys(DAMAGES).map((room) => {
        return [room, 503, 'timeout', 'ERR_ACTOR_INITIALIZATION', 'ERR_JOURNAL'];
      }),
    );
  });

  function complaintsAbout(room: string) {
    return victim.complaints.filter(({ child }) => String(child).endsWith(`/${room}`));
  }

  test('a snapshot that is none is passed over, and named', async () => {
    for (const [room] of SNAPSHOTS) {
      expect((await ann.history(room!)).messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect((await ann.post(room!, 'm2', 'again')).body.seq).toBe(2);
    }
    const skipped = victim.complaints.filter(({ msg }) => msg === 'skipped a snapshot');
    expect(skipped.length).toBeGreaterThanOrEqual(SNAPSHOTS.length);
    for (const { err } of skipped) expect(err?.code).toBe('ERR_JOURNAL_CORRUPT');
  });

  test('the node is well', async () => {
    expect(victim.ended).toBeNull();
    expect(victim.outcries).toEqual([]);
    // Rooms that cannot be are not tried again and again without a pause.
    expect(victim.complaints.length).toBeLessThan(1000);
  });
});

test.each([
  ['no database', (path: string) => writeFile(path, 'this is no database'.repeat(500))],
  ['a database that is cut off', cutOff],
  ['tables of another release', ofAnotherRelease],
])('a node does not start on %s, and says which variable is to blame', async (_what, make) => {
  const start = Victim.start({ prepare: make });
  await expect(start).rejects.toThrow(/\nJOURNAL: /);
});

async function cutOff(path: string): Promise<void> {
  await prepare(path);
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 5000));
}

function ofAnotherRelease(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
}

// What chaos runs read of a journal, and how they know that somebody holds its lock.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteJournal } from 'actor-ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJournal } from '../../chaos/readJournal.ts';
import type { TestCluster } from '../harness/Driver.ts';
import { deskAt, type JournalData, journalData } from '../harness/JournalData.ts';

let dir: string;
let journal: SqliteJournal;
let data: JournalData;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chat-journal-'));
  const path = join(dir, 'chat.db');
  journal = new SqliteJournal({ path, wal: true });
  await journal.open();
  data = journalData(deskAt(path));
});
afterEach(async () => {
  await data[Symbol.asyncDispose]();
  await journal.close();
  await rm(dir, { recursive: true, force: true });
});

const posted = (seq: number, id: string) => ({
  kind: 'posted',
  message: { seq, id, from: 'ann', text: `text of ${id}`, at: '' },
});

test('all rooms are read, each message with its place and the one that it says it has', async () => {
  await journal.append('room-red', [posted(1, 'a'), posted(7, 'b')], 0);
  await journal.append('room-blue', [posted(1, 'c')], 0);
  await journal.append('sharding-room', ['not a message'], 0);
  const entry = { from: 'ann' };
  expect(await readJournal({ data } as TestCluster)).toEqual([
    { ...entry, room: 'blue', seq: 1, numbered: 1, id: 'c', text: 'text of c' },
    { ...entry, room: 'red', seq: 1, numbered: 1, id: 'a', text: 'text of a' },
    { ...entry, room: 'red', seq: 2, numbered: 7, id: 'b', text: 'text of b' },
  ]);
});

test('the lock is held while somebody does not let go of it', async () => {
  expect(await data.isHeld()).toBe(false);
  const lock = await data.lock();
  expect(await data.isHeld()).toBe(true);
  await lock[Symbol.asyncDispose]();
  expect(await data.isHeld()).toBe(false);
});

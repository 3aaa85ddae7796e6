import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  JournalConcurrencyError,
  JournalCorruptError,
  JournalError,
  OptionsError,
} from '../../../src/errors.ts';
import type { Journal } from '../../../src/persistence/Journal.ts';
import { SqliteConnection } from '../../../src/persistence/sqlite/SqliteConnection.ts';
import { SqliteJournal } from '../../../src/persistence/sqlite/SqliteJournal.ts';
import { journalSuite } from '../../../src/testkit/journalSuite.ts';
import { until } from '../../../src/testkit/until.ts';
import { type TemporaryFile, temporaryFile } from './temporary.ts';

/** What the tests reach for inside a journal. */
interface Inside {
  connection: { statement(sql: string): { run(): unknown; get(): unknown } };
}

function diskError(): Error {
  return Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR', errcode: 10 });
}

/** Makes the next commit of `journal` fail after or before it took place. */
function loseOutcome(journal: Journal, fate: { written: boolean; readable: boolean }): void {
  const { connection } = journal as unknown as Inside;
  const statement = connection.statement.bind(connection);
  let failing = false;
  vi.spyOn(connection, 'statement').mockImplementation((sql: string) => {
    if (failing && !fate.readable) throw diskError();
    if (sql !== 'COMMIT' || failing) return statement(sql);
    failing = true;
    statement(fate.written ? 'COMMIT' : 'ROLLBACK').run();
    throw diskError();
  });
}

describe.each([{ wal: true }, { wal: false }])('SqliteJournal with wal: $wal', ({ wal }) => {
  journalSuite({
    test,
    factory: async () => {
      const { path, dispose } = await temporaryFile();
      return {
        open: () => new SqliteJournal({ path, wal, busyDeadlineMs: 1000 }),
        cutOff: (pid, events, expectedSeq) => writeHalf(path, pid, events, expectedSeq),
        loseOutcome,
        dispose,
      };
    },
    supports: { cutOff: true, unknownOutcome: true },
  });
});

/** A process writes some events, without committing, and is killed. */
async function writeHalf(
  path: string,
  pid: string,
  events: readonly unknown[],
  expectedSeq: number,
): Promise<void> {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.env.DB, { timeout: 2000 });
    db.exec('PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE');
    const insert = db.prepare('INSERT INTO events VALUES (?, ?, 0, 0, NULL, ?)');
    for (let n = 1; n <= Number(process.env.COUNT); n++) {
      insert.run(process.env.PID_, Number(process.env.SEQ) + n, JSON.stringify('x'.repeat(5000)));
    }
    console.log('half way');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['-e', script], {
    env: { DB: path, PID_: pid, SEQ: String(expectedSeq), COUNT: String(events.length) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('SqliteJournal', () => {
  let file: TemporaryFile;
  beforeEach(async () => {
    file = await temporaryFile();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await file.dispose();
  });

  test('refuses options it does not take', () => {
    expect(() => new SqliteJournal({} as never)).toThrow(OptionsError);
    expect(() => new SqliteJournal({ path: '' })).toThrow(/path/);
    expect(() => new SqliteJournal({ path: 'x', wal: 1 as never })).toThrow(/wal/);
    expect(() => new SqliteJournal({ path: 'x', pageEvents: 0 })).toThrow(/pageEvents/);
    expect(() => new SqliteJournal({ path: 'x', typo: 1 } as never)).toThrow(/typo/);
  });

  test('puts all appends of one turn into one transaction', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.open();
    const transaction = vi.spyOn(SqliteConnection.prototype, 'transaction');
    await Promise.all(Array.from({ length: 100 }, (_, n) => journal.append(`p-${n}`, [n], 0)));
    expect(transaction).toHaveBeenCalledTimes(1);
    await journal.append('p-0', ['alone'], 1);
    expect(transaction).toHaveBeenCalledTimes(2);
  });

  test('writes in WAL mode, and every commit to the disk', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.open();
    const { connection } = journal as unknown as Inside;
    expect(connection.statement('PRAGMA journal_mode').get()).toEqual(['wal']);
    expect(connection.statement('PRAGMA synchronous').get()).toEqual([2]);
    expect(connection.statement('PRAGMA user_version').get()).toEqual([1]);
  });

  test('keeps text that a person can read', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.append('room-1', [{ text: 'hi', at: new Date(0) }], 0, ['room']);
    const db = new DatabaseSync(file.path);
    const row = db.prepare('SELECT pid, seq, tags, event FROM events').get();
    db.close();
    expect(row).toEqual({
      pid: 'room-1',
      seq: 1,
      tags: '["room"]',
      event: '{"text":"hi","at":{"$date":"1970-01-01T00:00:00.000Z"}}',
    });
  });

  test('waits for a lock without blocking the event loop', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.open();
    const other = new DatabaseSync(file.path);
    other.exec('BEGIN IMMEDIATE');
    let done = false;
    const append = journal.append('p', ['x'], 0).then((head) => {
      done = true;
      return head;
    });
    let longestMs = 0;
    let last = performance.now();
    for (let turn = 0; turn < 40; turn++) {
      await new Promise((next) => setTimeout(next, 5));
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }
    expect(done).toBe(false);
    expect(longestMs).toBeLessThan(150);
    other.exec('COMMIT');
    other.close();
    expect(await append).toBe(1);
  });

  test('gives up a locked file after the deadline, with nothing written', async () => {
    await using journal = new SqliteJournal({ path: file.path, busyDeadlineMs: 100 });
    await journal.open();
    const other = new DatabaseSync(file.path);
    other.exec('BEGIN IMMEDIATE');
    const error = await journal.append('p', ['x'], 0).catch((reason: unknown) => reason);
    await expect(journal.delete('p', 1)).rejects.toThrow(/busy/);
    other.exec('COMMIT');
    other.close();
    expect(error).toBeInstanceOf(JournalError);
    expect(error).toMatchObject({ code: 'ERR_JOURNAL', message: expect.stringMatching(/busy/) });
    expect(await journal.highestSeq('p')).toBe(0);
    expect(await journal.append('p', ['y'], 0)).toBe(1);
  });

  test('refuses appends beyond the bound of its queue', async () => {
    await using journal = new SqliteJournal({ path: file.path, maxPendingAppends: 3 });
    await journal.open();
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => journal.append(`p-${n}`, [n], 0)),
    );
    const statuses = results.map(({ status }) => status);
    expect(statuses).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  });

  test('names a damaged file and says what to do', async () => {
    await mkdir(dirname(file.path), { recursive: true });
    await writeFile(file.path, 'this is no database, '.repeat(500));
    await using journal = new SqliteJournal({ path: file.path });
    const error = await journal.append('p', ['x'], 0).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JournalCorruptError);
    expect((error as Error).message).toContain(file.path);
    expect((error as Error).message).toContain('damaged');
  });

  test('refuses a file of a later release', async () => {
    await mkdir(dirname(file.path), { recursive: true });
    const db = new DatabaseSync(file.path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await using journal = new SqliteJournal({ path: file.path });
    await expect(journal.open()).rejects.toThrow(/version 99/);
  });

  test('names the stream and the number of a damaged event', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.append('room-1', ['a', 'b', 'c'], 0);
    const db = new DatabaseSync(file.path);
    db.exec(`UPDATE events SET event = '{"text":' WHERE seq = 2`);
    db.close();
    const seen: unknown[] = [];
    const read = async () => {
      for await (const { event } of journal.read('room-1', 1)) seen.push(event);
    };
    await expect(read()).rejects.toThrow(/event 2 of 'room-1'/);
    expect(seen).toEqual(['a']);
  });

  test('leaves no read open that would keep the log from being checkpointed', async () => {
    await using journal = new SqliteJournal({ path: file.path });
    await journal.append('p', Array(2000).fill('x'.repeat(100)), 0);
    for await (const { sequenceNr } of journal.read('p', 1)) if (sequenceNr === 2) break;
    await journal.append('p', ['y'.repeat(6 * 1024 * 1024)], 2000);
    for await (const { sequenceNr } of journal.read('p', 1999)) if (sequenceNr === 2001) break;
    const { connection } = journal as unknown as Inside;
    const checkpoint = connection.statement('PRAGMA wal_checkpoint(TRUNCATE)').get();
    expect(checkpoint).toEqual([0, 0, 0]);
  });

  test('opens a new file from three processes at once', async () => {
    for (let round = 0; round < 3; round++) {
      const path = `${file.path}-${round}`;
      const writers = [1, 2, 3].map((name) => startWriter(path, `w${name}`, 5));
      for (const writer of writers) expect(await writer.exited).toBe(0);
      const journal = new SqliteJournal({ path });
      expect(await journal.highestSeq('shared')).toBe(15);
      await journal.close();
    }
  });

  test('keeps a stream dense when processes compete and one is killed', async () => {
    const writers = ['a', 'b', 'c'].map((name) => startWriter(file.path, name, 400));
    const victim = writers[2]!;
    await until(() => victim.acked.length >= 50, { what: '50 appends of the victim' });
    victim.child.kill('SIGKILL');
    await Promise.all(writers.map((writer) => writer.exited));

    const journal = new SqliteJournal({ path: file.path });
    const found: string[] = [];
    for await (const { sequenceNr, event } of journal.read('shared', 1)) {
      found.push(event as string);
      expect(sequenceNr).toBe(found.length);
    }
    await journal.close();
    expect(new Set(found).size).toBe(found.length);
    for (const { acked } of writers) {
      for (const [seq, event] of acked) expect(found[seq - 1]).toBe(event);
    }
    expect(writers[0]!.acked).toHaveLength(400);
    expect(writers[1]!.acked).toHaveLength(400);
    // At most the one append whose answer the victim did not live to print.
    const unacked = found.length - writers.reduce((sum, { acked }) => sum + acked.length, 0);
    expect(unacked).toBeGreaterThanOrEqual(0);
    expect(unacked).toBeLessThanOrEqual(1);
  });

  test('treats an append that lost the race as a concurrency error', async () => {
    await using one = new SqliteJournal({ path: file.path });
    await using two = new SqliteJournal({ path: file.path });
    await one.append('p', ['one'], 0);
    await expect(two.append('p', ['two'], 0)).rejects.toThrow(JournalConcurrencyError);
  });
});

interface Writer {
  child: ReturnType<typeof spawn>;
  /** Number and event of each append that was accepted. */
  acked: [number, string][];
  exited: Promise<number | null>;
}

function startWriter(path: string, name: string, count: number): Writer {
  const script = fileURLToPath(new URL('./writerProcess.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acked: [number, string][] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => acked.push(JSON.parse(line)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, acked, exited };
}

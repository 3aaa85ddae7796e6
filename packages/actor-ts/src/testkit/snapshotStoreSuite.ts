// What every snapshot store must do, as tests, in the manner of `journalSuite`.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { JournalClosedError, JournalEncodingError, JournalError } from '../errors.ts';
import type { LoadCriteria, SnapshotStore } from '../persistence/SnapshotStore.ts';

/** One store, and ways to get at it. Each test asks for a new one; it need not be empty. */
export interface SnapshotStoreHarness {
  /** One more snapshot store on the same data. The suite closes it. */
  open(): SnapshotStore | Promise<SnapshotStore>;
  /** Needed for `supports.corrupt`: makes the stored text of a snapshot unreadable. */
  corrupt?(pid: string, seq: number): void | Promise<void>;
  dispose?(): void | Promise<void>;
}

export interface SnapshotStoreSuiteOptions {
  test(name: string, fn: () => Promise<void>): unknown;
  factory(): SnapshotStoreHarness | Promise<SnapshotStoreHarness>;
  supports?: { corrupt?: boolean };
}

interface Bench {
  readonly harness: SnapshotStoreHarness;
  readonly store: SnapshotStore;
  readonly pid: string;
  open(): Promise<SnapshotStore>;
}

export function snapshotStoreSuite(options: SnapshotStoreSuiteOptions): void {
  const { test, factory, supports = {} } = options;
  const check = (name: string, body: (bench: Bench) => Promise<void>) =>
    test(name, () => withBench(factory, body));

  check('loads the newest snapshot', async ({ store, pid }) => {
    assert.equal((await store.loadLatest(pid)).isNone, true);
    await store.save(pid, 3, { n: 3, tags: new Set(['a']) });
    await store.save(pid, 12, { n: 12, tags: new Set(['b']) });
    const { sequenceNr, state, timestamp } = (await store.loadLatest(pid)).toNullable()!;
    assert.equal(sequenceNr, 12);
    assert.deepEqual(state, { n: 12, tags: new Set(['b']) });
    assert.ok(Math.abs(timestamp - Date.now()) < 60_000);
  });

  check('keeps streams apart', async ({ store, pid }) => {
    await store.save(`${pid}-a`, 1, 'a');
    await store.save(`${pid}-b`, 2, 'b');
    assert.deepEqual(await latest(store, `${pid}-a`), [1, 'a']);
    assert.deepEqual(await latest(store, `${pid}-b`), [2, 'b']);
  });

  check('replaces a snapshot of the same number', async ({ store, pid }) => {
    await store.save(pid, 5, 'old');
    await store.save(pid, 5, 'new');
    assert.deepEqual(await latest(store, pid), [5, 'new']);
  });

  check('skips what is beyond the head, and says so', async ({ store, pid }) => {
    await store.save(pid, 5, 'five');
    await store.save(pid, 9, 'nine');
    const skipped: JournalError[] = [];
    const onSkipped = (error: JournalError) => skipped.push(error);
    assert.deepEqual(await latest(store, pid, { maxSeq: 9, onSkipped }), [9, 'nine']);
    assert.deepEqual(await latest(store, pid, { maxSeq: 7, onSkipped }), [5, 'five']);
    assert.equal(skipped.length, 1);
    assert.match(skipped[0]!.message, /snapshot 9 .* beyond the head of its journal, 7/);
    assert.equal(await latest(store, pid, { maxSeq: 4, onSkipped }), null);
  });

  check('keeps at least two, whatever lies beyond them', async ({ store, pid }) => {
    const onSkipped = () => undefined;
    await store.save(pid, 1000, 'impossible');
    await store.save(pid, 1001, 'impossible');
    for (let seq = 1; seq <= 20; seq++) await store.save(pid, seq, seq);
    assert.deepEqual(await latest(store, pid, { maxSeq: 20, onSkipped }), [20, 20]);
    assert.deepEqual(await latest(store, pid, { maxSeq: 19, onSkipped }), [19, 19]);
  });

  check('deletes up to a number', async ({ store, pid }) => {
    await store.save(pid, 1, 'one');
    await store.save(pid, 5, 'five');
    await store.delete(pid, 4);
    assert.deepEqual(await latest(store, pid), [5, 'five']);
    assert.equal(await latest(store, pid, { maxSeq: 4, onSkipped: () => undefined }), null);
    await store.delete(pid, 5);
    assert.equal(await latest(store, pid), null);
  });

  check('keeps snapshots over a restart of everything', async ({ store, pid, open }) => {
    const state = { text: '漢😀'.repeat(200_000) };
    await store.save(pid, 7, state);
    await store.close();
    assert.deepEqual(await latest(await open(), pid), [7, state]);
  });

  check('keeps the state as it was when saved', async ({ store, pid }) => {
    const state = { list: [1] };
    const saved = store.save(pid, 1, state);
    state.list.push(2);
    await saved;
    assert.deepEqual(await latest(store, pid), [1, { list: [1] }]);
  });

  check('refuses what it cannot take', async ({ store, pid }) => {
    for (const bad of ['', 'x'.repeat(513), 'nul\0', 7]) {
      await assert.rejects(store.save(bad as string, 1, 'x'), JournalError);
      await assert.rejects(store.loadLatest(bad as string), JournalError);
      await assert.rejects(store.delete(bad as string, 1), JournalError);
    }
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(store.save(pid, bad, 'x'), JournalError);
    }
    await assert.rejects(store.save(pid, 1, { f: () => 1 }), JournalEncodingError);
    await assert.rejects(store.loadLatest(pid, { maxSeq: -1 }), JournalError);
  });

  check('closes once and says so later', async ({ store, pid }) => {
    await store.save(pid, 1, 'x');
    await Promise.all([store.close(), store.close()]);
    await store.close();
    await assert.rejects(store.save(pid, 2, 'x'), JournalClosedError);
    await assert.rejects(store.loadLatest(pid), JournalClosedError);
    await assert.rejects(store.delete(pid, 2), JournalClosedError);
  });

  if (supports.corrupt) {
    check('skips a damaged snapshot for an older one', async ({ harness, store, pid }) => {
      await store.save(pid, 1, 'one');
      await store.save(pid, 2, 'two');
      await harness.corrupt!(pid, 2);
      const skipped: JournalError[] = [];
      const onSkipped = (error: JournalError) => skipped.push(error);
      assert.deepEqual(await latest(store, pid, { onSkipped }), [1, 'one']);
      assert.equal(skipped[0]!.code, 'ERR_JOURNAL_CORRUPT');
      assert.ok(skipped[0]!.message.includes(`snapshot 2 of '${pid}'`));
      await harness.corrupt!(pid, 1);
      assert.equal(await latest(store, pid, { onSkipped }), null);
    });
  }
}

async function withBench(
  factory: SnapshotStoreSuiteOptions['factory'],
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const harness = await factory();
  const opened: SnapshotStore[] = [];
  const open = async () => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
  try {
    await body({ harness, store: await open(), pid: `suite-${randomUUID()}`, open });
  } finally {
    await Promise.all(opened.map((store) => store.close()));
    await harness.dispose?.();
  }
}

async function latest(
  store: SnapshotStore,
  pid: string,
  criteria?: LoadCriteria,
): Promise<[number, unknown] | null> {
  const snapshot = (await store.loadLatest(pid, criteria)).toNullable();
  return snapshot === null ? null : [snapshot.sequenceNr, snapshot.state];
}

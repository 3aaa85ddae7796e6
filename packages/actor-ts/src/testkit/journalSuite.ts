// What every journal must do, as tests: run it against your own journal with any test runner that
// has a `test(name, fn)`.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  JournalClosedError,
  JournalConcurrencyError,
  JournalEncodingError,
  JournalError,
  JournalUnknownError,
} from '../errors.ts';
import type { Journal, PersistedEvent } from '../persistence/Journal.ts';

/** One store, and ways to get at it. Each test asks for a new one; it need not be empty. */
export interface JournalHarness {
  /** One more journal on the same store. The suite closes it. */
  open(): Journal | Promise<Journal>;
  /** Needed for `supports.cutOff`: a writer begins to append and dies before it is done. */
  cutOff?(pid: string, events: readonly unknown[], expectedSeq: number): Promise<void>;
  /**
   * Needed for `supports.unknownOutcome`: the next write of `journal` fails in such a way that it
   * may or may not have happened; `written` says what is to be true. With `readable` the journal can
   * find that out, else it cannot.
   */
  loseOutcome?(journal: Journal, fate: { written: boolean; readable: boolean }): void;
  dispose?(): void | Promise<void>;
}

export interface JournalSuiteOptions {
  test(name: string, fn: () => Promise<void>): unknown;
  factory(): JournalHarness | Promise<JournalHarness>;
  supports?: {
    cutOff?: boolean;
    unknownOutcome?: boolean;
  };
}

/** Events of one page in no journal: enough for several pages in each. */
const MANY_EVENTS = 2300;

interface Bench {
  readonly harness: JournalHarness;
  readonly journal: Journal;
  /** A persistence id that no other test uses. */
  readonly pid: string;
  open(): Promise<Journal>;
}

export function journalSuite({ test, factory, supports = {} }: JournalSuiteOptions): void {
  const check = (name: string, body: (bench: Bench) => Promise<void>) =>
    test(name, () => withBench(factory, body));

  check('numbers events densely from 1 and reads them back in order', async ({ journal, pid }) => {
    assert.equal(await journal.append(pid, [{ n: 1 }], 0), 1);
    assert.equal(await journal.append(pid, [{ n: 2 }, { n: 3 }], 1), 3);
    const before = Date.now();
    const events = await all(journal.read(pid, 1));
    assert.deepEqual(events.map(numberAndEvent), [
      [1, { n: 1 }],
      [2, { n: 2 }],
      [3, { n: 3 }],
    ]);
    for (const event of events) {
      assert.equal(event.persistenceId, pid);
      assert.ok(Math.abs(event.timestamp - before) < 60_000, 'the timestamp is about now');
    }
  });

  check('reads the part that is asked for', async ({ journal, pid }) => {
    await journal.append(pid, numbers(1, 10), 0);
    assert.deepEqual(await eventsOf(journal, pid, 4, 6), numbers(4, 6));
    assert.deepEqual(await eventsOf(journal, pid, 9), numbers(9, 10));
    assert.deepEqual(await eventsOf(journal, pid, 0, 2), numbers(1, 2));
    assert.deepEqual(await eventsOf(journal, pid, 11), []);
    assert.deepEqual(await eventsOf(journal, pid, 6, 4), []);
  });

  check('knows nothing of a stream that was never written', async ({ journal, pid }) => {
    assert.equal(await journal.highestSeq(pid), 0);
    assert.deepEqual(await eventsOf(journal, pid), []);
    await journal.delete(pid, 10);
    assert.equal(await journal.highestSeq(pid), 0);
  });

  check('refuses an append whose expected head is stale or ahead', async ({ journal, pid }) => {
    await journal.append(pid, numbers(1, 3), 0);
    for (const expected of [0, 2, 4, 100]) {
      await assert.rejects(journal.append(pid, ['no'], expected), (error) => {
        assert.ok(error instanceof JournalConcurrencyError);
        assert.equal(error.code, 'ERR_JOURNAL_CONCURRENCY');
        assert.equal(error.persistenceId, pid);
        assert.equal(error.expected, expected);
        assert.ok(error.actual === 3 || error.actual === null);
        return true;
      });
    }
    assert.deepEqual(await eventsOf(journal, pid), numbers(1, 3));
  });

  check('writes all events of an append or none', async ({ journal, pid }) => {
    await journal.append(pid, ['first'], 0);
    await assert.rejects(journal.append(pid, numbers(1, 200), 0), JournalConcurrencyError);
    await assert.rejects(journal.append(pid, ['fine', () => 'no'], 1), JournalEncodingError);
    assert.equal(await journal.highestSeq(pid), 1);
    assert.deepEqual(await eventsOf(journal, pid), ['first']);
  });

  check('keeps streams apart', async ({ journal, pid }) => {
    const pids = Array.from({ length: 20 }, (_, index) => `${pid}-${index}`);
    await Promise.all(pids.map((each) => journal.append(each, [each], 0)));
    for (const each of pids) assert.deepEqual(await eventsOf(journal, each), [each]);
  });

  check('a stale append fails alone among appends made at once', async ({ journal, pid }) => {
    await journal.append(`${pid}-b`, ['there already'], 0);
    const results = await Promise.allSettled([
      journal.append(`${pid}-a`, ['a'], 0),
      journal.append(`${pid}-b`, ['b'], 0),
      journal.append(`${pid}-c`, ['c'], 0),
      journal.append(`${pid}-a`, ['a2'], 1),
      journal.append(`${pid}-a`, ['a3'], 1),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected'],
    );
    assert.deepEqual(await eventsOf(journal, `${pid}-a`), ['a', 'a2']);
    assert.deepEqual(await eventsOf(journal, `${pid}-b`), ['there already']);
  });

  check('lets exactly one of two journals win each number', async ({ journal, pid, open }) => {
    const writers = [journal, await open()];
    const wins = new Map<number, string>();
    await Promise.all(
      writers.map(async (writer, who) => {
        for (let turn = 0; turn < 30; turn++) {
          const expected = await writer.highestSeq(pid);
          const name = `${who}:${turn}`;
          const head = await writer.append(pid, [name], expected).catch(toNull);
          if (head === null) continue;
          assert.equal(head, expected + 1);
          assert.equal(wins.get(head), undefined, `number ${head} was won twice`);
          wins.set(head, name);
        }
      }),
    );
    const events = await all(journal.read(pid, 1));
    assert.equal(events.length, wins.size);
    events.forEach((event, index) => {
      assert.equal(event.sequenceNr, index + 1);
      assert.equal(event.event, wins.get(index + 1));
    });
  });

  check('loses nothing that two journals append until accepted', async ({ journal, pid, open }) => {
    const writers = [journal, await open()];
    await Promise.all(
      writers.map(async (writer, who) => {
        let expected = 0;
        for (let n = 0; n < 25; ) {
          const head = await writer.append(pid, [`${who}:${n}`], expected).catch(toNull);
          if (head === null) expected = await writer.highestSeq(pid);
          else {
            expected = head;
            n++;
          }
        }
      }),
    );
    const found = (await eventsOf(journal, pid)) as string[];
    assert.equal(found.length, 50);
    for (const who of [0, 1]) {
      const own = found.filter((event) => event.startsWith(`${who}:`));
      assert.deepEqual(
        own,
        Array.from({ length: 25 }, (_, n) => `${who}:${n}`),
      );
    }
  });

  check('shows an append to other journals once it is accepted', async ({ journal, pid, open }) => {
    const other = await open();
    await journal.append(pid, ['a'], 0);
    assert.equal(await other.highestSeq(pid), 1);
    await other.append(pid, ['b'], 1);
    assert.deepEqual(await eventsOf(journal, pid), ['a', 'b']);
  });

  check('reads over many pages, also while the stream grows', async ({ journal, pid }) => {
    await journal.append(pid, numbers(1, MANY_EVENTS), 0);
    let next = 1;
    for await (const { sequenceNr, event } of journal.read(pid, 1, MANY_EVENTS)) {
      assert.equal(sequenceNr, next);
      assert.equal(event, next);
      if (next === 10) await journal.append(pid, ['later'], MANY_EVENTS);
      next++;
    }
    assert.equal(next, MANY_EVENTS + 1);
  });

  check('lets go of a stream that is read only in part', async ({ journal, pid }) => {
    await journal.append(pid, numbers(1, MANY_EVENTS), 0);
    for (let round = 0; round < 5; round++) {
      for await (const { event } of journal.read(pid, 1)) if (event === 3) break;
    }
    assert.equal(await journal.append(pid, ['on'], MANY_EVENTS), MANY_EVENTS + 1);
  });

  check('keeps payloads of 1 MiB', async ({ journal, pid }) => {
    const text = 'ä'.repeat(512 * 1024);
    for (let n = 0; n < 6; n++) assert.equal(await journal.append(pid, [{ n, text }], n), n + 1);
    let n = 0;
    for await (const { event } of journal.read(pid, 1)) {
      assert.deepEqual(event, { n, text });
      n++;
    }
    assert.equal(n, 6);
  });

  check('keeps what JSON lacks', async ({ journal, pid }) => {
    const event = {
      map: new Map<unknown, unknown>([['a', new Set([1, undefined])]]),
      at: new Date(0),
      big: 2n ** 70n,
      bytes: new Uint8Array([0, 255]),
      $map: 'not a tag',
    };
    await journal.append(pid, [event], 0);
    assert.deepEqual(await eventsOf(journal, pid), [event]);
  });

  check('takes any well-formed text as an id', async ({ journal, pid }) => {
    const odd = [
      `${pid} %_'";--`,
      `${pid}/ä漢😀`,
      `${pid}\n\t\\`,
      `${pid}.A`,
      `${pid}.a`,
      'x'.repeat(512),
    ];
    for (const each of odd) {
      const head = await journal.highestSeq(each);
      await journal.append(each, [each], head);
      assert.deepEqual(await eventsOf(journal, each, head + 1), [each]);
    }
  });

  check('keeps tags, one list for all events or one for each', async ({ journal, pid }) => {
    await journal.append(pid, ['a', 'b'], 0, ['x', 'ü y']);
    await journal.append(pid, ['c', 'd'], 2, [['z'], []]);
    await journal.append(pid, ['e'], 4);
    const events = await all(journal.read(pid, 1));
    assert.deepEqual(
      events.map(({ tags }) => [...tags].sort()),
      [['x', 'ü y'], ['x', 'ü y'], ['z'], [], []],
    );
  });

  check('keeps the head when events are deleted', async ({ journal, pid, open }) => {
    await journal.append(pid, numbers(1, 10), 0);
    await journal.delete(pid, 4);
    assert.deepEqual(await eventsOf(journal, pid), numbers(5, 10));
    assert.equal(await journal.highestSeq(pid), 10);
    await journal.delete(pid, 10);
    assert.deepEqual(await eventsOf(journal, pid), []);
    assert.equal(await journal.highestSeq(pid), 10);
    assert.equal(await (await open()).highestSeq(pid), 10);
    await assert.rejects(journal.append(pid, ['again'], 0), JournalConcurrencyError);
    assert.equal(await journal.append(pid, ['next'], 10), 11);
    assert.deepEqual((await all(journal.read(pid, 1))).map(numberAndEvent), [[11, 'next']]);
  });

  check('deletes no more than there is', async ({ journal, pid }) => {
    await journal.append(pid, numbers(1, MANY_EVENTS), 0);
    await journal.delete(pid, 0);
    await journal.delete(pid, Number.MAX_SAFE_INTEGER);
    await journal.delete(pid, 3);
    assert.equal(await journal.highestSeq(pid), MANY_EVENTS);
    assert.equal(await journal.append(pid, ['next'], MANY_EVENTS), MANY_EVENTS + 1);
    assert.deepEqual(await eventsOf(journal, pid), ['next']);
  });

  check('keeps events and heads over a restart of everything', async ({ journal, pid, open }) => {
    await journal.append(pid, numbers(1, 5), 0, ['kept']);
    await journal.append(`${pid}-gone`, ['x', 'y'], 0);
    await journal.delete(`${pid}-gone`, 2);
    await journal.close();
    const again = await open();
    const events = await all(again.read(pid, 1));
    assert.deepEqual(
      events.map(({ event }) => event),
      numbers(1, 5),
    );
    assert.deepEqual([...events[0]!.tags], ['kept']);
    assert.equal(await again.highestSeq(`${pid}-gone`), 2);
    assert.equal(await again.append(`${pid}-gone`, ['z'], 2), 3);
  });

  check('lists every stream once, also emptied ones', async ({ journal, pid }) => {
    const pids = Array.from({ length: 600 }, (_, index) => `${pid}-${index}`);
    await Promise.all(pids.map((each) => journal.append(each, ['a', 'b'], 0)));
    for (const emptied of [pids[0]!, pids[300]!, pids[599]!]) await journal.delete(emptied, 2);
    const listed: string[] = [];
    for await (const each of journal.persistenceIds()) {
      if (each.startsWith(pid)) listed.push(each);
    }
    assert.deepEqual(listed.sort(), pids.sort());
  });

  check('refuses what it cannot take, and names it', async ({ journal, pid }) => {
    for (const bad of ['', 'x'.repeat(513), 'nul\0', 'half \ud800', 7, null, undefined]) {
      await assert.rejects(journal.append(bad as string, ['x'], 0), JournalError);
      await assert.rejects(journal.highestSeq(bad as string), JournalError);
      await assert.rejects(all(journal.read(bad as string, 1)), JournalError);
      await assert.rejects(journal.delete(bad as string, 1), JournalError);
    }
    for (const bad of [-1, 0.5, Number.NaN, '0', undefined, Number.MAX_SAFE_INTEGER + 1]) {
      await assert.rejects(journal.append(pid, ['x'], bad as number), /expectedSeq/);
      await assert.rejects(journal.delete(pid, bad as number), /toSeq/);
      await assert.rejects(all(journal.read(pid, (bad ?? null) as number)), /fromSeq/);
    }
    await assert.rejects(journal.append(pid, [], 0), JournalError);
    await assert.rejects(journal.append(pid, 'x' as unknown as [], 0), JournalError);
    await assert.rejects(journal.append(pid, numbers(1, 10_001), 0), JournalError);
    await assert.rejects(journal.append(pid, [undefined], 0), JournalEncodingError);
    await assert.rejects(journal.append(pid, [{ at: [Number.NaN] }], 0), /NaN at \.at\[0\]/);
    await assert.rejects(journal.append(pid, ['x'], 0, ['']), JournalError);
    await assert.rejects(journal.append(pid, ['x'], 0, [['a'], ['b']]), JournalError);
    const huge = 'x'.repeat(9 * 1024 * 1024);
    await assert.rejects(journal.append(pid, [huge, huge], 0), JournalError);
    assert.equal(await journal.highestSeq(pid), 0);
  });

  check('closes once, after the appends under way, and says so later', async (bench) => {
    const { journal, pid, open } = bench;
    const append = journal.append(pid, ['in time'], 0).catch(toNull);
    await Promise.all([journal.close(), journal.close()]);
    await journal.close();
    const accepted = await append;
    await assert.rejects(journal.append(pid, ['late'], 1), JournalClosedError);
    await assert.rejects(journal.highestSeq(pid), JournalClosedError);
    await assert.rejects(journal.delete(pid, 1), JournalClosedError);
    await assert.rejects(all(journal.read(pid, 1)), JournalClosedError);
    await assert.rejects(all(journal.persistenceIds()), JournalClosedError);
    assert.equal(await (await open()).highestSeq(pid), accepted ?? 0);
  });

  if (supports.cutOff) {
    check(
      'shows nothing of an append that was cut off',
      async ({ harness, journal, pid, open }) => {
        await journal.append(pid, ['a'], 0);
        await harness.cutOff!(pid, numbers(1, 50), 1);
        assert.deepEqual(await eventsOf(journal, pid), ['a']);
        assert.equal(await journal.highestSeq(pid), 1);
        assert.equal(await journal.append(pid, ['b'], 1), 2);
        assert.deepEqual(await eventsOf(await open(), pid), ['a', 'b']);
      },
    );
  }

  if (supports.unknownOutcome) {
    for (const written of [true, false]) {
      const what = written ? 'happened' : 'did not happen';
      check(`finds out that a write whose answer was lost ${what}`, async (bench) => {
        const { harness, journal, pid } = bench;
        await journal.append(pid, ['a'], 0);
        harness.loseOutcome!(journal, { written, readable: true });
        const append = journal.append(pid, ['b'], 1);
        if (written) assert.equal(await append, 2);
        else {
          await assert.rejects(append, (error) => {
            return error instanceof JournalError && !(error instanceof JournalUnknownError);
          });
        }
        assert.deepEqual(await eventsOf(journal, pid), written ? ['a', 'b'] : ['a']);
      });

      check(`says so when it cannot know that a write ${what}`, async (bench) => {
        const { harness, journal, pid, open } = bench;
        await journal.append(pid, ['a'], 0);
        harness.loseOutcome!(journal, { written, readable: false });
        await assert.rejects(journal.append(pid, ['b'], 1), JournalUnknownError);
        const other = await open();
        assert.deepEqual(await eventsOf(other, pid), written ? ['a', 'b'] : ['a']);
        assert.equal(await other.append(pid, ['c'], written ? 2 : 1), written ? 3 : 2);
      });
    }
  }
}

async function withBench(
  factory: JournalSuiteOptions['factory'],
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const harness = await factory();
  const opened: Journal[] = [];
  const open = async () => {
    const journal = await harness.open();
    opened.push(journal);
    return journal;
  };
  try {
    await body({ harness, journal: await open(), pid: `suite-${randomUUID()}`, open });
  } finally {
    await Promise.all(opened.map((journal) => journal.close()));
    await harness.dispose?.();
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function eventsOf(journal: Journal, pid: string, from = 1, to?: number): Promise<unknown[]> {
  return (await all(journal.read(pid, from, to))).map(({ event }) => event);
}

function numberAndEvent({ sequenceNr, event }: PersistedEvent): [number, unknown] {
  return [sequenceNr, event];
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** null for an append that lost the race or came too late; other errors go on. */
function toNull(error: unknown): null {
  if (error instanceof JournalConcurrencyError || error instanceof JournalClosedError) return null;
  throw error;
}

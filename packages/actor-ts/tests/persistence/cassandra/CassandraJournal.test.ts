import { afterAll, describe, expect, test } from 'vitest';
import {
  JournalConcurrencyError,
  JournalError,
  JournalUnknownError,
  OptionsError,
} from '../../../src/errors.ts';
import {
  CassandraJournal,
  type CassandraJournalOptions,
} from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { CassandraSnapshotStore } from '../../../src/persistence/cassandra/CassandraSnapshotStore.ts';
import type { Journal } from '../../../src/persistence/Journal.ts';
import { journalSuite } from '../../../src/testkit/journalSuite.ts';
import { until } from '../../../src/testkit/until.ts';
import { CqlProxy } from './CqlProxy.ts';
import { cql, dropKeyspace, newKeyspace, serverOptions } from './server.ts';

const keyspace = newKeyspace();
afterAll(() => dropKeyspace(keyspace));

/** A journal whose connections go through a proxy of its own. */
async function openThroughProxy(settings: Partial<CassandraJournalOptions> = {}) {
  const options = serverOptions(keyspace);
  const proxy = await CqlProxy.start(options.contactPoints[0]!);
  const contactPoints = [proxy.contactPoint];
  const journal = new CassandraJournal({ ...options, contactPoints, ...settings });
  await journal.open();
  const dispose = async () => {
    await journal.close();
    await proxy.close();
  };
  return { journal, proxy, [Symbol.asyncDispose]: dispose };
}

describe.each([{}, { partitionSize: 3, pageEvents: 7 }])('CassandraJournal with %j', (settings) => {
  journalSuite({
    test,
    factory: () => {
      const proxies = new Map<Journal, CqlProxy>();
      return {
        open: async () => {
          const { journal, proxy } = await openThroughProxy({ deadlineMs: 5000, ...settings });
          proxies.set(journal, proxy);
          return journal;
        },
        cutOff: async (pid, events, expectedSeq) => {
          await using writer = await openThroughProxy({ deadlineMs: 100, ...settings });
          writer.proxy.loseNextBatch('half', { cut: true });
          const append = writer.journal.append(pid, events, expectedSeq);
          await expect(append).rejects.toThrow(JournalUnknownError);
        },
        loseOutcome: (journal, { written, readable }) => {
          proxies.get(journal)!.loseNextBatch(written ? 'answer' : 'drop', { cut: !readable });
        },
        dispose: async () => {
          await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
        },
      };
    },
    supports: { cutOff: true, unknownOutcome: true },
  });
});

describe('CassandraJournal', () => {
  test('refuses options it does not take', () => {
    const good = serverOptions(keyspace);
    const refused: [object, RegExp][] = [
      [{ contactPoints: [] }, /contactPoints/],
      [{ contactPoints: ['a b'] }, /contactPoints/],
      [{ contactPoints: undefined }, /contactPoints/],
      [{ keyspace: 'Chat' }, /keyspace/],
      [{ keyspace: undefined }, /keyspace/],
      [{ localDataCenter: '' }, /localDataCenter/],
      [{ port: 0 }, /port/],
      [{ credentials: { username: 'me' } }, /credentials/],
      [{ replication: { class: 'SimpleStrategy' } }, /replication/],
      [{ replication: { class: 'NetworkTopologyStrategy', dc1: '3' } }, /replication/],
      [{ autoCreateKeyspace: 1 }, /autoCreateKeyspace/],
      [{ autoCreateTables: 1 }, /autoCreateTables/],
      [{ partitionSize: 0 }, /partitionSize/],
      [{ consistency: 'ONE' }, /consistency/],
      [{ serialConsistency: 'QUORUM' }, /serialConsistency/],
      [{ deadlineMs: -1 }, /deadlineMs/],
      [{ typo: 1 }, /typo/],
    ];
    for (const [bad, message] of refused) {
      expect(() => new CassandraJournal({ ...good, ...bad } as never)).toThrow(OptionsError);
      expect(() => new CassandraJournal({ ...good, ...bad } as never)).toThrow(message);
    }
    const credentials = { username: '', password: 'swordfish' };
    expect(() => new CassandraJournal({ ...good, credentials })).not.toThrow(/swordfish/);
  });

  test('shuts a batch out that is still on its way when its writer asks what became of it', async () => {
    await using slow = await openThroughProxy();
    await slow.journal.append('late', ['a'], 0);
    slow.proxy.loseNextBatch('hold');
    const append = slow.journal.append('late', ['never'], 1);
    const error = await append.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JournalError);
    expect(error).not.toBeInstanceOf(JournalUnknownError);
    expect((error as Error).message).toMatch(/nothing was written/);
    await slow.proxy.letGo();
    expect(await slow.journal.highestSeq('late')).toBe(1);
    expect(await slow.journal.append('late', ['b'], 1)).toBe(2);
    expect(await eventsOf(slow.journal, 'late')).toEqual(['a', 'b']);
  });

  test('shuts a late first batch out too', async () => {
    await using slow = await openThroughProxy();
    slow.proxy.loseNextBatch('hold');
    await expect(slow.journal.append('late-first', ['never'], 0)).rejects.toThrow(JournalError);
    await slow.proxy.letGo();
    expect(await slow.journal.highestSeq('late-first')).toBe(0);
    for await (const pid of slow.journal.persistenceIds()) expect(pid).not.toBe('late-first');
    expect(await slow.journal.append('late-first', ['a'], 0)).toBe(1);
  });

  test('tells a lost write of its own from one of another writer', async () => {
    await using writer = await openThroughProxy();
    await using other = await openThroughProxy();
    await writer.journal.append('taken', ['a'], 0);
    writer.proxy.loseNextBatch('drop', { cut: true });
    const append = writer.journal.append('taken', ['mine'], 1);
    append.catch(() => undefined);
    await other.journal.append('taken', ['theirs'], 1);
    writer.proxy.restore();
    const error = await append.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JournalError);
    expect(error).not.toBeInstanceOf(JournalUnknownError);
    expect(await eventsOf(other.journal, 'taken')).toEqual(['a', 'theirs']);
  });

  test('waits for a database that cannot be reached for a while', async () => {
    await using writer = await openThroughProxy();
    await writer.journal.append('outage', ['a'], 0);
    const refused = async () => {
      const before = writer.proxy.connections;
      await until(() => writer.proxy.connections > before, { what: 'a refused connection' });
    };
    writer.proxy.cut();
    await refused();
    const append = writer.journal.append('outage', ['b'], 1);
    await refused();
    writer.proxy.restore();
    expect(await append).toBe(2);
  });

  test('says that its database does not answer, and that it does again', async () => {
    await using writer = await openThroughProxy();
    expect(writer.journal.isAnswering).toBe(true);
    for (const lose of ['mute', 'cut'] as const) {
      if (lose === 'cut') writer.proxy.cut();
      else writer.proxy.mute(true);
      await until(() => !writer.journal.isAnswering, { timeoutMs: 30_000 });
      if (lose === 'cut') writer.proxy.restore();
      else writer.proxy.mute(false);
      await until(() => writer.journal.isAnswering, { timeoutMs: 30_000 });
    }
    expect(await writer.journal.append('back', ['a'], 0)).toBe(1);
  });

  test('gives up after the deadline', async () => {
    await using writer = await openThroughProxy({ deadlineMs: 300 });
    await writer.journal.append('down', ['a'], 0);
    writer.proxy.cut();
    await expect(writer.journal.append('down', ['b'], 1)).rejects.toThrow(JournalError);
    await expect(writer.journal.highestSeq('down')).rejects.toThrow(/could not read/);
    await expect(writer.journal.delete('down', 1)).rejects.toThrow(/could not/);
    writer.proxy.restore();
    const append = () => writer.journal.append('down', ['b'], 1);
    expect(await until(() => append().catch(isBackAlready), { timeoutMs: 30_000 })).toBe(2);
  });

  test('puts appends that wait behind one another into one batch', async () => {
    await using writer = await openThroughProxy();
    await writer.journal.append('busy', [0], 0);
    const before = writer.proxy.batches;
    const heads = Array.from({ length: 50 }, (_, n) =>
      writer.journal.append('busy', [n + 1], n + 1),
    );
    expect(await Promise.all(heads)).toEqual(Array.from({ length: 50 }, (_, n) => n + 2));
    expect(writer.proxy.batches - before).toBe(2);
  });

  test('a stale append among those that wait fails alone', async () => {
    await using journal = new CassandraJournal(serverOptions(keyspace));
    const [a, b, stale, c] = await Promise.allSettled([
      journal.append('mixed', ['a'], 0),
      journal.append('mixed', ['b'], 1),
      journal.append('mixed', ['stale'], 1),
      journal.append('mixed', ['c'], 2),
    ]);
    expect([a, b, c].map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(stale).toMatchObject({ reason: expect.any(JournalConcurrencyError) });
    expect(await eventsOf(journal, 'mixed')).toEqual(['a', 'b', 'c']);
  });

  test('seals a partition that is full and goes on in the next one', async () => {
    await using journal = new CassandraJournal({ ...serverOptions(keyspace), partitionSize: 4 });
    for (let head = 0; head < 10; head += 2) await journal.append('rolling', ['x', 'y'], head);
    const query = `SELECT DISTINCT pid, part, head, first, sealed FROM ${keyspace}.events
      WHERE pid = 'rolling' AND part IN (0, 1, 2, 3)`;
    const rows = (await cql(query)).map(({ part, head, first, sealed }) => {
      return [part, Number(first), Number(head), sealed];
    });
    expect(rows).toEqual([
      [0, 1, 4, true],
      [1, 5, 8, true],
      [2, 9, 10, false],
    ]);
  });

  test('seals a partition that has become large', async () => {
    await using journal = new CassandraJournal(serverOptions(keyspace));
    const text = 'x'.repeat(3 * 1024 * 1024);
    for (let head = 0; head < 12; head += 2) await journal.append('large', [text, text], head);
    const query = `SELECT DISTINCT pid, part, head FROM ${keyspace}.events
      WHERE pid = 'large' AND part IN (0, 1, 2, 3)`;
    expect((await cql(query)).map(({ head }) => Number(head))).toEqual([6, 12]);
    expect(await eventsOf(journal, 'large')).toHaveLength(12);
  });

  test('finds its way in a long chain, from anywhere, without having seen it', async () => {
    const options = { ...serverOptions(keyspace), partitionSize: 1 };
    await using writer = new CassandraJournal(options);
    const numbers = Array.from({ length: 70 }, (_, index) => index + 1);
    for (const n of numbers) await writer.append('chain', [n], n - 1);
    for (const from of [1, 2, 33, 64, 70, 71]) {
      await using reader = new CassandraJournal(options);
      expect(await eventsOf(reader, 'chain', from)).toEqual(numbers.slice(from - 1));
      expect(await reader.highestSeq('chain')).toBe(70);
    }
    await using late = new CassandraJournal({ ...options, partitionSize: 100 });
    expect(await late.append('chain', [71], 70)).toBe(71);
    expect(await writer.append('chain', [72], 71)).toBe(72);
    await expect(late.append('chain', ['stale'], 71)).rejects.toThrow(JournalConcurrencyError);
    await writer.delete('chain', 40);
    await using reader = new CassandraJournal(options);
    expect(await eventsOf(reader, 'chain')).toEqual([...numbers.slice(40), 71, 72]);
  });

  test('reads on when another journal seals partitions while it reads', async () => {
    const options = { ...serverOptions(keyspace), partitionSize: 5, pageEvents: 3 };
    await using writer = new CassandraJournal(options);
    await using reader = new CassandraJournal(options);
    await writer.append('growing', [1, 2, 3, 4], 0);
    expect(await reader.highestSeq('growing')).toBe(4);
    const seen: unknown[] = [];
    for await (const { event, sequenceNr } of reader.read('growing', 1)) {
      seen.push(event);
      if (sequenceNr < 20) await writer.append('growing', [sequenceNr + 4], sequenceNr + 3);
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
  });

  test('refuses an append that does not fit into a batch, and writes the largest that does', async () => {
    await using journal = new CassandraJournal(serverOptions(keyspace));
    const mebibytes = (n: number) => ['x'.repeat(n * 1024 * 1024)];
    const tooLarge = journal.append('batch', mebibytes(8), 0);
    await expect(tooLarge).rejects.toThrow(/does not fit .* nothing was written/);
    expect(await journal.highestSeq('batch')).toBe(0);
    expect(await journal.append('batch', mebibytes(7.99), 0)).toBe(1);
  });

  test('refuses appends beyond the bound of its queue', async () => {
    await using journal = new CassandraJournal({
      ...serverOptions(keyspace),
      maxPendingAppends: 3,
    });
    await journal.open();
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => journal.append(`bound-${n}`, [n], 0)),
    );
    const statuses = results.map(({ status }) => status);
    expect(statuses).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  });

  test('keeps text that a person can read', async () => {
    await using journal = new CassandraJournal(serverOptions(keyspace));
    await journal.append('readable', [{ text: 'hi', at: new Date(0) }], 0, ['room']);
    const query = `SELECT seq, tags, event FROM ${keyspace}.events WHERE pid = 'readable' AND part = 0`;
    const [row] = await cql(query);
    expect(row!.tags).toEqual(['room']);
    expect(row!.event).toBe('{"text":"hi","at":{"$date":"1970-01-01T00:00:00.000Z"}}');
  });

  test('shares one client with every other store of the process', async () => {
    const options = serverOptions(keyspace);
    const proxy = await CqlProxy.start(options.contactPoints[0]!);
    const shared = { ...options, contactPoints: [proxy.contactPoint] };
    const stores = [
      new CassandraJournal(shared),
      new CassandraSnapshotStore(shared),
      new CassandraJournal(shared),
    ] as const;
    await Promise.all(stores.map((store) => store.open()));
    const alone = proxy.connections;
    await stores[0].close();
    await stores[2].append('shared-client', ['x'], 0);
    await stores[1].save('shared-client', 1, 'x');
    // One for requests, one on which the driver hears of changes.
    expect(alone).toBe(2);
    expect(proxy.connections).toBe(alone);
    await Promise.all(stores.map((store) => store.close()));
    await proxy.close();
  });
});

/** Null for an append that came before the driver had a connection again. */
function isBackAlready(error: unknown): null {
  if (error instanceof JournalConcurrencyError) throw error;
  return null;
}

async function eventsOf(journal: Journal, pid: string, from = 1): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const { event } of journal.read(pid, from)) events.push(event);
  return events;
}

import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/actor/Logger.ts';
import { JournalClosedError, JournalError, OptionsError } from '../../../src/errors.ts';
import {
  CassandraJournal,
  type CassandraJournalOptions,
} from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { CassandraSnapshotStore } from '../../../src/persistence/cassandra/CassandraSnapshotStore.ts';
import { until } from '../../../src/testkit/until.ts';
import { CqlProxy } from './CqlProxy.ts';
import { cql, dropKeyspace, newKeyspace, quiet, serverOptions } from './server.ts';

const keyspaces: string[] = [];
afterEach(async () => {
  for (const keyspace of keyspaces.splice(0)) await dropKeyspace(keyspace);
});

function newOptions(): CassandraJournalOptions {
  const keyspace = newKeyspace();
  keyspaces.push(keyspace);
  return serverOptions(keyspace);
}

/** A logger that keeps its lines. */
function listening(): { lines: string[]; log: Logger } {
  const lines: string[] = [];
  const keep = (fields: object | string, message?: string) => {
    lines.push(message ?? String(fields));
  };
  return { lines, log: { ...quiet, info: keep, warn: keep } };
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('opening', () => {
  test('without a database ends after the deadline, and says what was tried', async () => {
    const contactPoint = `127.0.0.1:${await deadPort()}`;
    const { lines, log } = listening();
    await using journal = new CassandraJournal({
      ...serverOptions('nobody'),
      contactPoints: [contactPoint],
      startupDeadlineMs: 1200,
      log,
    });
    const error = await journal.open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JournalError);
    expect((error as Error).message).toContain(`Cassandra at ${contactPoint} did not answer`);
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(lines).toEqual([expect.stringContaining(`waiting for Cassandra at ${contactPoint}`)]);
  });

  test('waits for a database that comes later', async () => {
    const options = newOptions();
    const port = await deadPort();
    const { lines, log } = listening();
    const contactPoints = [`127.0.0.1:${port}`];
    await using journal = new CassandraJournal({ ...options, contactPoints, log });
    await using snapshots = new CassandraSnapshotStore({ ...options, contactPoints, log });
    const opening = Promise.all([journal.open(), snapshots.open()]);
    await until(() => lines.length > 0, { what: 'a line about waiting' });
    const proxy = await CqlProxy.start(options.contactPoints[0]!, port);
    await opening;
    expect(lines.at(-1)).toMatch(/answers/);
    expect(await journal.append('p', ['x'], 0)).toBe(1);
    await Promise.all([journal.close(), snapshots.close()]);
    await proxy.close();
  });

  test('ends at once when the store is closed meanwhile', async () => {
    const { lines, log } = listening();
    const journal = new CassandraJournal({
      ...serverOptions('nobody'),
      contactPoints: [`127.0.0.1:${await deadPort()}`],
      log,
    });
    const opening = journal.open().catch((reason: unknown) => reason);
    await until(() => lines.length > 0, { what: 'a line about waiting' });
    await journal.close();
    expect(await opening).toBeInstanceOf(JournalClosedError);
  });

  test('names a data centre that is not there', async () => {
    await using journal = new CassandraJournal({ ...newOptions(), localDataCenter: 'atlantis' });
    const opening = journal.open();
    await expect(opening).rejects.toThrow(OptionsError);
    await expect(opening).rejects.toThrow(/localDataCenter.*atlantis/);
  });

  test('makes the keyspace with the replication that was asked for', async () => {
    const replication = { class: 'SimpleStrategy', replication_factor: 1 } as const;
    const options = { ...newOptions(), replication };
    await using journal = new CassandraJournal(options);
    await journal.open();
    const query = 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?';
    const [row] = await cql(query, [options.keyspace]);
    expect(row!.replication).toMatchObject({ replication_factor: '1' });
    expect(row!.replication.class).toMatch(/SimpleStrategy$/);
  });

  test('several at once make one set of tables', async () => {
    const options = newOptions();
    const journals = Array.from({ length: 4 }, () => new CassandraJournal(options));
    await Promise.all(journals.map((journal, n) => journal.append(`p-${n}`, ['x'], 0)));
    for (let n = 0; n < 4; n++) expect(await journals[0]!.highestSeq(`p-${n}`)).toBe(1);
    await Promise.all(journals.map((journal) => journal.close()));
  });

  test('makes nothing that it is not to make, and shows how', async () => {
    const options = newOptions();
    const { keyspace } = options;
    const bare = new CassandraJournal({ ...options, autoCreateKeyspace: false });
    await expect(bare.open()).rejects.toThrow(/there is no keyspace .*CREATE KEYSPACE/);
    await bare.close();
    await cql(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    const settings = { ...options, autoCreateKeyspace: false, autoCreateTables: false };
    const tableless = new CassandraJournal(settings);
    await expect(tableless.open()).rejects.toThrow(/there is no table .*events.*CREATE TABLE/s);
    await tableless.close();
    await using journal = new CassandraJournal({ ...options, autoCreateKeyspace: false });
    await journal.open();
    await using again = new CassandraJournal(settings);
    await again.open();
  });

  test('refuses tables of another release', async () => {
    const options = newOptions();
    await using journal = new CassandraJournal(options);
    await journal.open();
    await cql(`ALTER TABLE ${options.keyspace}.events WITH comment = 'actor-ts 99'`);
    await using other = new CassandraJournal(options);
    await expect(other.open()).rejects.toThrow(/not of this release.*actor-ts 99/);
  });
});

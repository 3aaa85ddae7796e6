// The Cassandra that these tests run on, as the environment names it, and keyspaces of their own.
import { randomUUID } from 'node:crypto';
import { Client } from 'cassandra-driver';
import type { Logger } from '../../../src/actor/Logger.ts';
import type { CassandraJournalOptions } from '../../../src/persistence/cassandra/CassandraJournal.ts';

const contactPoints = (process.env.CASSANDRA_CONTACT_POINTS ?? '').split(',');
const localDataCenter = process.env.CASSANDRA_LOCAL_DC ?? 'datacenter1';

/** Says nothing. */
export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};

/** Options for the server, with a keyspace that is there once per file. */
export function serverOptions(keyspace: string): CassandraJournalOptions {
  return { contactPoints, localDataCenter, keyspace, startupDeadlineMs: 30_000, log: quiet };
}

export function newKeyspace(): string {
  return `test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
}

/** Runs CQL beside the stores: to look, and to do harm. */
export async function cql(query: string, params: unknown[] = []) {
  const client = new Client({ contactPoints, localDataCenter });
  try {
    return (await client.execute(query, params, { prepare: true })).rows;
  } finally {
    await client.shutdown();
  }
}

export async function dropKeyspace(keyspace: string): Promise<void> {
  await cql(`DROP KEYSPACE IF EXISTS ${keyspace}`);
}

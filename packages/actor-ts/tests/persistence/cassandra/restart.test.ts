// Cassandra itself is killed and comes back, while actors write. The test has a server of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { JournalError } from '../../../src/errors.ts';
import { CassandraJournal } from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { until } from '../../../src/testkit/until.ts';
import { quiet } from './server.ts';

const START = fileURLToPath(new URL('../../../../../.ci/cassandra/start', import.meta.url));
const run = promisify(execFile);
const STREAMS = 20;

test('loses nothing acknowledged when Cassandra is killed under load', {
  timeout: 400_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cassandra-'));
  let pid = 0;
  const start = async () => {
    const [address, id] = (await run(START, [directory])).stdout.trim().split(' ');
    pid = Number(id);
    return address!;
  };
  try {
    await killedUnderLoad(await start(), () => process.kill(pid, 'SIGKILL'), start);
  } finally {
    process.kill(pid, 'SIGKILL');
    await until(() => isGone(pid), { what: 'the end of Cassandra' });
    await rm(directory, { recursive: true, force: true });
  }
});

async function killedUnderLoad(address: string, kill: () => void, start: () => Promise<unknown>) {
  const options = {
    contactPoints: [address],
    localDataCenter: 'datacenter1',
    keyspace: 'restart',
    partitionSize: 25,
    deadlineMs: 3000,
    log: quiet,
  };
  const journal = new CassandraJournal(options);
  await journal.open();
  const streams = Array.from({ length: STREAMS }, (_, n) => new Stream(journal, `p-${n}`));
  let stopped = false;
  const writing = Promise.all(streams.map((stream) => stream.writeUntil(() => stopped)));
  await until(() => streams.every(({ acked }) => acked.length >= 20), {
    what: '20 appends to each stream',
    timeoutMs: 60_000,
  });
  kill();
  await until(() => streams.every(({ failures }) => failures > 0), {
    what: 'every stream to fail',
    timeoutMs: 60_000,
  });
  await start();
  const before = streams.map(({ acked }) => acked.length);
  await until(() => streams.every(({ acked }, n) => acked.length >= before[n]! + 20), {
    what: '20 more appends to each stream',
    timeoutMs: 120_000,
  });
  stopped = true;
  await writing;
  for (const { pid, acked } of streams) {
    const found = new Map<number, unknown>();
    for await (const { sequenceNr, event } of journal.read(pid, 1)) {
      found.set(sequenceNr, event);
      expect(sequenceNr).toBe(found.size);
    }
    for (const [seq, event] of acked) expect(found.get(seq)).toBe(event);
    expect(new Set(found.values()).size).toBe(found.size);
  }
  await journal.close();
}

/** A writer that, as a persistent actor does, begins anew from the journal after every failure. */
class Stream {
  readonly pid: string;
  readonly acked: [number, string][] = [];
  failures = 0;
  private readonly journal: CassandraJournal;

  constructor(journal: CassandraJournal, pid: string) {
    this.journal = journal;
    this.pid = pid;
  }

  async writeUntil(isOver: () => boolean): Promise<void> {
    let head = 0;
    for (let n = 0; !isOver(); n++) {
      const event = `${this.pid}:${n}`;
      try {
        head = await this.journal.append(this.pid, [event], head);
        this.acked.push([head, event]);
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        this.failures++;
        head = await this.recovered(isOver);
      }
    }
  }

  private async recovered(isOver: () => boolean): Promise<number> {
    while (!isOver()) {
      try {
        return await this.journal.highestSeq(this.pid);
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
      }
    }
    return 0;
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { CassandraJournal } from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { until } from '../../../src/testkit/until.ts';
import { dropKeyspace, newKeyspace, serverOptions } from './server.ts';

const keyspace = newKeyspace();
afterAll(() => dropKeyspace(keyspace));

describe('processes that write to one stream', () => {
  test('keep it dense when they compete and one is killed', { timeout: 240_000 }, async () => {
    const writers = ['a', 'b', 'c'].map((name) => startWriter(name, 40));
    const victim = writers[2]!;
    await until(() => victim.acked.length >= 10, {
      what: '10 appends of the victim',
      timeoutMs: 100_000,
    });
    victim.child.kill('SIGKILL');
    expect(await writers[0]!.exited).toBe(0);
    expect(await writers[1]!.exited).toBe(0);
    await victim.exited;

    await using journal = new CassandraJournal(serverOptions(keyspace));
    // Decides a last append of the victim's that nobody has decided yet.
    const head = await journal.highestSeq('shared');
    const found: string[] = [];
    for await (const { sequenceNr, event } of journal.read('shared', 1)) {
      found.push(event as string);
      expect(sequenceNr).toBe(found.length);
    }
    expect(found).toHaveLength(head);
    expect(new Set(found).size).toBe(found.length);
    for (const { acked } of writers) {
      for (const [seq, event] of acked) expect(found[seq - 1]).toBe(event);
    }
    expect(writers[0]!.acked).toHaveLength(40);
    expect(writers[1]!.acked).toHaveLength(40);
    // At most the one append whose answer the victim did not live to print.
    const unacked = found.length - writers.reduce((sum, { acked }) => sum + acked.length, 0);
    expect(unacked).toBeGreaterThanOrEqual(0);
    expect(unacked).toBeLessThanOrEqual(1);
  });
});

interface Writer {
  child: ReturnType<typeof spawn>;
  /** Number and event of each append that was accepted. */
  acked: [number, string][];
  exited: Promise<number | null>;
}

function startWriter(name: string, count: number): Writer {
  const script = fileURLToPath(new URL('./writerProcess.ts', import.meta.url));
  const child = spawn(process.execPath, [script, keyspace, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acked: [number, string][] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => acked.push(JSON.parse(line)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, acked, exited };
}

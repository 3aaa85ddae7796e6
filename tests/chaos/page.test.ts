// The figures of chaos runs find their place in docs/reliability.md.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../chaos/options.ts';
import { inTables, sectionFor, selfTestTable } from '../../chaos/page.ts';
import type { SeedReport } from '../../chaos/runSeed.ts';
import { replaced } from '../../docs/figures.ts';

const REPORT: SeedReport = {
  seed: 7,
  minutes: 3,
  rate: 5,
  driver: 'processes',
  journal: 'sqlite',
  without: null,
  faults: null,
  startedAt: '2026-01-02T03:04:05.000Z',
  scheduled: ['kill', 'kill', 'lost-news'],
  dir: 'kept',
  findings: [],
  counts: {
    sent: 1500,
    acked: 1500,
    refused: 0,
    unknown: 3,
    inJournal: 1500,
    pushed: 1,
    resumed: 4,
  },
  silences: [
    { fault: 'kill', room: 'room-1', ms: 300 },
    { fault: 'kill', room: 'room-2', ms: 2600 },
  ],
  unavailability: {},
  slowestAck: { kill: 2700, 'lost-news': 20 },
  exercised: {
    staleWritesRefused: 1,
    gapsRepaired: 2,
    repeatsAcked: 5,
    acksDuring: { kill: 10, 'lost-news': 20 },
    missing: [],
  },
};

describe('the tables of chaos runs', () => {
  const text = inTables([REPORT, { ...REPORT, seed: 8 }], ['--seeds', '7..8', '--report']);

  test('say what was acked, and what was found', () => {
    expect(text).toContain('**2 of 2 runs of 3 minutes are green and exercised.**');
    expect(text).toContain('3,000 messages acked of 3,000 sent: 0 lost, 0 doubled, 0 findings');
    expect(text).toContain('Written by `npm run chaos -- --seeds 7..8 --report`');
    expect(text).toContain('| 8 | green | 1500 | 1500 | 3 | 1 | 2 | 5 | 4 |');
  });

  test('say of each fault how long rooms were away, and whether that is allowed', () => {
    expect(text).toContain('| kill | 4 | 4 | 300 | 2600 | 2600 | 2500 | **no** | 2700 |');
    expect(text).toContain('| lost-news | 2 | 0 | – | – | – | – | – | 20 |');
  });

  test('say of a red run what was found and what was not exercised', () => {
    const findings = [{ kind: 'lost', what: 'room-1: a1' } as const];
    const exercised = { ...REPORT.exercised, missing: ['no gap was repaired'] };
    const red = inTables([{ ...REPORT, findings, exercised }], []);
    expect(red).toContain('**0 of 1 runs');
    expect(red).toContain('1 lost');
    expect(red).toContain('| 7 | **red**: lost, no gap was repaired |');
  });
});

test('the table of the check tried says what was noticed, and as what', () => {
  const findings = [{ kind: 'twice', what: 'room-1: a1' } as const];
  const report = { ...REPORT, findings };
  const tried = [
    { safety: 'deduplication', isNoticed: true, report },
    { safety: 'gap-repair', isNoticed: false, report },
  ] as const;
  const text = selfTestTable(tried, ['--self-test', '--report']);
  expect(text).toContain('| deduplication | yes | twice | twice (1) | 1500 |');
  expect(text).toContain('| gap-repair | **no** | behind | twice (1) | 1500 |');
});

describe('docs/reliability.md', () => {
  test.for([
    [],
    ['--driver', 'namespaces'],
    ['--driver', 'containers', '--journal', 'cassandra'],
    ['--self-test'],
  ])('has a place for the figures of %j, and keeps the rest', async (args) => {
    const page = await readFile(new URL('../../docs/reliability.md', import.meta.url), 'utf8');
    const written = replaced(page, sectionFor(parseOptions(args)), 'the new figures');
    expect(written).toContain('the new figures');
    expect(written).toContain('## How to read it');
  });

  test('is not written where it has no place', () => {
    expect(replaced('nothing here', 'processes sqlite', 'figures')).toBe(null);
  });
});

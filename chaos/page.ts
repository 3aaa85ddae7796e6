// The figures of chaos runs in docs/reliability.md: each kind of run has its place there, between two
// markers, and a command that writes it.
import { table, writtenBy } from '../docs/figures.ts';
import { percentilesOf } from './check/unavailability.ts';
import type { Options } from './options.ts';
import { isGreen } from './print.ts';
import type { SeedReport } from './runSeed.ts';
import { ROLES } from './safeties.ts';
import type { Tried } from './selfTest.ts';

export const PAGE = 'reliability.md';

/** Milliseconds in which new acks have to be back, for 99 of 100 rooms. */
const ALLOWED_MS: readonly (readonly [RegExp, number])[] = [
  [/^stop$/, 1000],
  [/^kill$/, 2500],
  [/^(pause-\d|partition)/, 10_000],
];

export function sectionFor({ driver, isOnCassandra, isSelfTest, without }: Options): string {
  if (isSelfTest) return 'chaos self-test';
  if (without !== null) return `chaos without ${without}`;
  return `chaos ${driver} ${isOnCassandra ? 'cassandra' : 'sqlite'}`;
}

export function inTables(reports: readonly SeedReport[], args: readonly string[]): string {
  const parts = [summary(reports), faultTable(reports), seedTable(reports)];
  return [writtenBy(commandOf(args)), ...parts].join('\n\n');
}

export function selfTestTable(tried: readonly Tried[], args: readonly string[]): string {
  const rows = tried.map(({ safety, isNoticed, report }) => {
    const kinds = Map.groupBy(report.findings, ({ kind }) => kind);
    const found = [...kinds].map(([kind, ofKind]) => `${kind} (${ofKind.length})`).join(', ');
    const { acked } = report.counts;
    return [safety, isNoticed ? 'yes' : '**no**', ROLES[safety].missedAs, found, acked];
  });
  const head = ['taken out', 'noticed', 'has to be found', 'is found', 'messages acked'];
  return [writtenBy(commandOf(args)), table(head, rows)].join('\n\n');
}

function summary(reports: readonly SeedReport[]): string {
  const total = (of: (report: SeedReport) => number) =>
    grouped(reports.reduce((sum, report) => sum + of(report), 0));
  const found = (kind: string) =>
    total(({ findings }) => findings.filter((finding) => finding.kind === kind).length);
  const green = reports.filter((report) => isGreen(report, false)).length;
  return (
    `**${green} of ${reports.length} runs of ${reports[0]!.minutes} minutes are green and exercised.** ` +
    `${total(({ counts }) => counts.acked)} messages acked of ${total(({ counts }) => counts.sent)} ` +
    `sent: ${found('lost')} lost, ${found('twice')} doubled, ` +
    `${total(({ findings }) => findings.length)} findings in all. ` +
    `${total(({ counts }) => counts.unknown)} sendings had an unknown outcome, ` +
    `${total(({ exercised }) => exercised.staleWritesRefused)} stale writes were refused, ` +
    `${total(({ exercised }) => exercised.gapsRepaired)} gaps repaired.`
  );
}

function faultTable(reports: readonly SeedReport[]): string {
  const silences = percentilesOf(reports.flatMap((report) => report.silences));
  const scheduled = reports.flatMap((report) => report.scheduled);
  const names = [...new Set(scheduled)].sort();
  const rows = names.map((name) => {
    const { count = 0, p50 = '–', p99 = '–', max = '–' } = silences[name] ?? {};
    const slowest = Math.max(0, ...reports.map((report) => report.slowestAck[name] ?? 0));
    const allowed = ALLOWED_MS.find(([pattern]) => pattern.test(name))?.[1];
    const isKept = allowed !== undefined && typeof p99 === 'number' && p99 <= allowed;
    const verdict = allowed === undefined ? ['–', '–'] : [allowed, isKept ? 'yes' : '**no**'];
    const times = scheduled.filter((other) => other === name).length;
    return [name, times, count, p50, p99, max, ...verdict, slowest];
  });
  const head = ['fault', 'times', 'rooms', 'p50', 'p99', 'max', 'allowed', 'kept', 'slowest ack'];
  return table(head, rows);
}

function seedTable(reports: readonly SeedReport[]): string {
  const rows = reports.map((report) => {
    const { seed, counts, exercised } = report;
    const kinds = [...new Set(report.findings.map(({ kind }) => kind))];
    const result = isGreen(report, false)
      ? 'green'
      : `**red**: ${[...kinds, ...exercised.missing].join(', ')}`;
    const { staleWritesRefused: stale, gapsRepaired: gaps, repeatsAcked } = exercised;
    const { sent, acked, unknown, resumed } = counts;
    return [seed, result, sent, acked, unknown, stale, gaps, repeatsAcked, resumed];
  });
  const head = ['seed', 'result', 'sent', 'acked', 'unknown', 'stale writes', 'gaps', 'repeats'];
  return table([...head, 'resumes'], rows);
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

function commandOf(args: readonly string[]): string {
  return ['npm run chaos --', ...args].join(' ');
}

// The table that `npm run fuzz -- --report` puts into docs/reliability.md, between its two markers.
import { table, writeSection, writtenBy } from '../../docs/figures.ts';
import type { Outcome, Surface } from './Surface.ts';
import { MiB } from './Surface.ts';

const NAMES_SHOWN = 6;

export interface Row {
  readonly surface: Surface;
  readonly outcome: Outcome;
  readonly seconds: number;
}

const HEAD = [
  'surface',
  'inputs',
  'taken',
  'refused, by name',
  'crashes, leaks, refusals without a name',
  'time',
  'memory grew by',
  'slowest ack of others',
];

export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ surface, outcome, seconds }) => {
    const { tally, grownBytes, slowestAckMs } = outcome;
    return [
      `\`${surface.name}\`: ${surface.what}`,
      tally.inputs.toLocaleString('en'),
      tally.accepted.toLocaleString('en'),
      namesOf(tally.rejections),
      tally.faultCount,
      `${seconds.toFixed(0)} s`,
      `${Math.max(0, grownBytes / MiB).toFixed(1)} MiB`,
      slowestAckMs === undefined ? '–' : `${slowestAckMs.toFixed(0)} ms`,
    ];
  });
  return table(HEAD, cells);
}

function namesOf(rejections: ReadonlyMap<string, number>): string {
  const names = [...rejections].sort(([, a], [, b]) => b - a);
  const shown = names
    .slice(0, NAMES_SHOWN)
    .map(([name, count]) => `${name} ${count.toLocaleString('en')}`);
  const rest = names.slice(NAMES_SHOWN).reduce((sum, [, count]) => sum + count, 0);
  if (rest > 0) shown.push(`${names.length - NAMES_SHOWN} more ${rest.toLocaleString('en')}`);
  return shown.join('; ');
}

export async function writeReport(rows: readonly Row[], seed: number): Promise<void> {
  const written = writtenBy(`npm run fuzz -- --seed ${seed} --report`);
  await writeSection('reliability.md', 'fuzz', [written, tableOf(rows)].join('\n\n'));
}

// The table that `npm run fuzz -- --report` puts into docs/reliability.md, between its two markers.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Outcome, Surface } from './Surface.ts';
import { MiB } from './Surface.ts';

const FILE = new URL('../../docs/reliability.md', import.meta.url);
const BEGIN = '<!-- fuzz:begin -->';
const END = '<!-- fuzz:end -->';
const NAMES_SHOWN = 6;

export interface Row {
  readonly surface: Surface;
  readonly outcome: Outcome;
  readonly seconds: number;
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ surface, outcome, seconds }) => {
    const { tally, grownBytes, slowestAckMs } = outcome;
    const cells = [
      `\`${surface.name}\`: ${surface.what}`,
      tally.inputs.toLocaleString('en'),
      tally.accepted.toLocaleString('en'),
      namesOf(tally.rejections),
      tally.faultCount,
      `${seconds.toFixed(0)} s`,
      `${Math.max(0, grownBytes / MiB).toFixed(1)} MiB`,
      slowestAckMs === undefined ? '–' : `${slowestAckMs.toFixed(0)} ms`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '| surface | inputs | taken | refused, by name | crashes, leaks, refusals without a name | time | memory grew by | slowest ack of others |',
    '| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
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

/** Where there are no markers yet, the table comes at the end. */
export async function writeReport(rows: readonly Row[], seed: number): Promise<void> {
  const date = new Date().toISOString().slice(0, 10);
  const where = `${date}, Node ${process.versions.node}, ${availableParallelism()} cores, seed ${seed}`;
  const report = `${BEGIN}\n${where}:\n\n${tableOf(rows)}\n${END}`;
  // Read only now, since others write other parts of it.
  const text = existsSync(FILE) ? await readFile(FILE, 'utf8') : '';
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  const written =
    from < 0 || to < 0
      ? `${text.trimEnd()}\n\n${report}\n`
      : text.slice(0, from) + report + text.slice(to + END.length);
  await writeFile(FILE, written);
}

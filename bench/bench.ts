// How fast it is: each kind of work beside a reference with nothing around it, and beside others where
// there are any. All contenders of a row take turns in one run, so that the machine's moods hit all.
// Figures of their own depend on the machine; ratios less so.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { barChart } from '../docs/plot.ts';
import { chosen, optionsOf, whole } from './commandLine.ts';
import { percentile } from './percentile.ts';
import { ContenderProcess } from './rows/ContenderProcess.ts';
import { ROWS } from './rows/index.ts';
import type { Row, Target, Unit } from './rows/Row.ts';

const WARM_UPS = 5;

interface Measured {
  readonly row: Row;
  /** contender → one figure a round, in the order in which they were taken. */
  readonly figures: ReadonlyMap<string, readonly number[]>;
}

async function run(row: Row, rounds: number): Promise<Measured> {
  const names = Object.keys(row.contenders);
  const figures = new Map(names.map((name) => [name, [] as number[]]));
  const processes = new Map<string, ContenderProcess>();
  try {
    for (const name of names) processes.set(name, await ContenderProcess.start(row.name, name));
    for (let round = -WARM_UPS; round < rounds; round++) {
      for (const [name, contender] of processes) {
        const figure = await contender.measure();
        if (round >= 0) figures.get(name)!.push(figure);
      }
    }
  } finally {
    for (const contender of processes.values()) await contender[Symbol.asyncDispose]();
  }
  return { row, figures };
}

const median = (values: readonly number[]) => percentile(values, 0.5);

/** How far ours is on the way to the target: 1 or more is there. */
function reached({ row, figures }: Measured): number {
  const ours = figures.get('ours')!;
  const ratio = (against: readonly number[]) =>
    median(ours.map((value, i) => value / against[i % against.length]!));
  const towards = (value: number) => (row.unit === '/s' ? value : 1 / value);
  const { target } = row;
  if ('value' in target) return towards(median(ours) / target.value);
  return towards(ratio(figures.get(target.of)!) / target.ratio);
}

function shown(value: number, unit: Unit): string {
  if (unit === 'bytes') return `${Math.round(value)} B`;
  if (unit === 'ms') return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M/s`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(1)} k/s` : `${Math.round(value)}/s`;
}

function targetShown(target: Target, unit: Unit): string {
  return 'value' in target ? shown(target.value, unit) : `${target.ratio} × ${target.of}`;
}

function rowsOf({ row, figures }: Measured): (string | number)[][] {
  const ours = figures.get('ours')!;
  return [...figures].map(([name, values]) => {
    const spread = [Math.min(...values), median(values), Math.max(...values)];
    const ratio = median(ours.map((value, i) => value / values[i]!)).toFixed(2);
    const isOurs = name === 'ours';
    const there = reached({ row, figures }) >= 1 ? 'yes' : '**no**';
    return [
      isOurs ? row.what : '',
      name,
      ...spread.map((value) => shown(value, row.unit)),
      isOurs ? '' : ratio,
      isOurs ? targetShown(row.target, row.unit) : '',
      isOurs ? there : '',
    ];
  });
}

const USAGE = `npm run bench                 all rows
npm run bench -- tell ask     these
npm run bench -- --rounds 3   so many rounds instead of five
npm run bench -- --report     writes docs/performance.md`;

const { values, names, rounds } = optionsOf(USAGE, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      report: { type: 'boolean', default: false },
    },
  });
  const all = ROWS.map(({ name }) => name);
  return { values, names: chosen(all, positionals), rounds: whole('rounds', values.rounds) };
});

/** How far each row is, as a picture. */
function chart(rows: readonly Measured[]): string {
  const bars = rows.map((measured) => {
    const value = reached(measured);
    return { label: measured.row.what, value, text: value.toFixed(2) };
  });
  const mark = { value: 1, text: 'target' };
  return barChart({ title: 'Ours, as a share of its target', bars, mark, max: 2.5 });
}

const HEAD = ['work', 'who', 'min', 'median', 'max', 'ours ÷ this', 'target', 'reached'];
const all: (string | number)[][] = [];
const measured: Measured[] = [];
for (const row of ROWS.filter(({ name }) => names.includes(name))) {
  measured.push(await run(row, rounds));
  const lines = rowsOf(measured.at(-1)!);
  all.push(...lines);
  for (const line of lines) console.log(line.join(' | '));
}
const text = `${writtenBy(['npm run bench --', ...process.argv.slice(2)].join(' '))}\n\n${table(HEAD, all)}`;
if (values.report) {
  await writeSection('performance.md', 'bench', text);
  await writeFile(new URL('../docs/images/bench.svg', import.meta.url), chart(measured));
}

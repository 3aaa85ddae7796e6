// What it costs as the work grows: more rooms, more people, more nodes, longer histories, and one hot
// room beside many. Each row is a chat of three nodes of its own, unless the nodes are what grows.
//
//   npm run growth                   prints all of it, about ten minutes
//   npm run growth -- rooms nodes    some
//   npm run growth -- --report       writes docs/performance.md
import { parseArgs } from 'node:util';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { SERIES } from './growth/index.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { report: { type: 'boolean', default: false } },
});
const unknown = positionals.find((name) => !Object.hasOwn(SERIES, name));
if (unknown !== undefined) {
  console.error(`There is no series "${unknown}". Series: ${Object.keys(SERIES).join(' ')}`);
  process.exit(2);
}

const asked = Object.entries(SERIES).filter(([name]) => {
  return positionals.length === 0 || positionals.includes(name);
});
const sections: string[] = [];
for (const [, { title, head, measure }] of asked) {
  const rows = [];
  for await (const row of measure()) rows.push(row);
  sections.push(`${title}\n\n${table(head, rows)}`);
  console.log(`${sections.at(-1)}\n`);
}
if (values.report) {
  const command = ['npm run growth --', ...process.argv.slice(2)].join(' ');
  await writeSection('performance.md', 'growth', [writtenBy(command), ...sections].join('\n\n'));
}

// What it costs as the work grows: more rooms, more people, more nodes, longer histories, and one hot
// room beside many. Each row is a chat of three nodes of its own, unless the nodes are what grows.
import { parseArgs } from 'node:util';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { chosen, optionsOf } from './commandLine.ts';
import { SERIES } from './growth/index.ts';

const USAGE = `npm run growth                   prints all of it, about ten minutes
npm run growth -- rooms nodes    some: ${Object.keys(SERIES).join(', ')}
npm run growth -- --report       writes docs/performance.md`;

const { values, names } = optionsOf(USAGE, () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { report: { type: 'boolean', default: false } },
  });
  return { values, names: chosen(Object.keys(SERIES), positionals) };
});

const sections: string[] = [];
for (const [name, { title, head, measure }] of Object.entries(SERIES)) {
  if (!names.includes(name)) continue;
  const rows = [];
  for await (const row of measure()) rows.push(row);
  sections.push(`${title}\n\n${table(head, rows)}`);
  console.log(`${sections.at(-1)}\n`);
}
if (values.report) {
  const command = ['npm run growth --', ...process.argv.slice(2)].join(' ');
  await writeSection('performance.md', 'growth', [writtenBy(command), ...sections].join('\n\n'));
}

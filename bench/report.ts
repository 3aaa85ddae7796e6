// What commands write into the docs: a place between two markers, tables, and on which machine it was.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));

/** Puts `text` between `<!-- section -->` and `<!-- end of section -->`. @throws Error without them */
export async function writeSection(file: string, section: string, text: string): Promise<void> {
  const page = await readFile(DOCS + file, 'utf8');
  const [begin, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/${file} has no place for ${section}`);
  const written = `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
  await writeFile(DOCS + file, written);
}

/** "Written by `npm run …`, 2026-01-31: 2 × …, 24 GiB, linux, Node v24.0.0." */
export function writtenBy(command: string): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `Written by \`${command}\`, ${date}: ${machine}, ${process.platform}, Node ${process.version}.`;
}

export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The value below which a share of all values lies; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

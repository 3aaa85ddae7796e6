// What commands write into these pages: each has its places there, between two markers.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('./', import.meta.url));

/** Whether the page has such a place. */
export async function hasSection(file: string, section: string): Promise<boolean> {
  return replaced(await readFile(DOCS + file, 'utf8'), section, '') !== null;
}

/** @throws Error when the page has no such place */
export async function writeSection(file: string, section: string, text: string): Promise<void> {
  // Read only now, since others write other parts of it.
  const written = replaced(await readFile(DOCS + file, 'utf8'), section, text);
  if (written === null) throw new Error(`docs/${file} has no place for ${section}`);
  await writeFile(DOCS + file, written);
}

/** `page` with `text` between `<!-- section -->` and `<!-- end of section -->`; null without them. */
export function replaced(page: string, section: string, text: string): string | null {
  const [begin, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return null;
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
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

// The files of a step or a solution: what is theirs, and whether anything of it has changed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** What running and testing leave behind. */
const LEFT_BEHIND = new Set([
  'node_modules',
  'data',
  'coverage',
  '.env',
  '.workshop',
  '.git',
  '.DS_Store',
]);

/** Paths of all files below `dir`, sorted, with `/` between their parts; none when it is not there. */
export function listFiles(dir: string): string[] {
  return walk(dir)
    .map((path) => relative(dir, path).split(sep).join('/'))
    .sort();
}

function walk(dir: string): string[] {
  return entriesOf(dir).flatMap((entry) => {
    if (LEFT_BEHIND.has(entry.name) || entry.name.endsWith('.log')) return [];
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [path] : [];
  });
}

function entriesOf(dir: string) {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** One text for all the names and contents below the folders: another one as soon as any differs. */
export function hashOf(...dirs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const dir of dirs) {
    for (const file of listFiles(dir)) {
      const content = readFileSync(join(dir, file));
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
    hash.update('\0');
  }
  return hash.digest('base64url');
}

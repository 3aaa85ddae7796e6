import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

/** What each module may import besides the files directly in `src/`, as docs/architecture.md says. */
const allowed: Record<string, readonly string[]> = {
  actor: [],
  remote: ['actor'],
  cluster: ['actor', 'remote'],
  persistence: ['actor'],
  sharding: ['actor', 'remote', 'cluster', 'persistence'],
  pubsub: ['actor', 'remote', 'cluster'],
  management: ['actor', 'remote', 'cluster', 'persistence', 'sharding', 'pubsub'],
  testkit: ['actor', 'remote', 'cluster', 'persistence', 'sharding', 'pubsub'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(src, from), 'utf8');
  const statement = /^(?:import|export)(\s+type)?\b[^;'"]*?from '(\.[^']+)'/gm;
  return [...text.matchAll(statement)].map(([, type, target]) => ({
    from,
    to: relative(src, resolve(src, dirname(from), target!)),
    typeOnly: type !== undefined,
  }));
});

test('modules import only those below them', () => {
  const moduleOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : null);
  const wrong = imports.filter(({ from, to }) => {
    const importer = moduleOf(from);
    const imported = moduleOf(to);
    if (importer === null || imported === null || importer === imported) return false;
    return !allowed[importer]!.includes(imported);
  });
  expect(imports.length).toBeGreaterThan(300);
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test('no file needs itself to load', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    } else if (!done.has(file)) {
      for (const other of next.get(file) ?? []) visit(other, [...path, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

// docs/errors.md and src/errors.ts list the same codes.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const codesInSource = [...read('../src/errors.ts').matchAll(/'(ERR_[A-Z_]+)'/g)].map((m) => m[1]!);
const documented = [...read('../../../docs/errors.md').matchAll(/^### `(ERR_[A-Z_]+)`/gm)].map(
  (m) => m[1]!,
);

test('no two errors share a code', () => {
  expect([...codesInSource].sort()).toEqual([...new Set(codesInSource)].sort());
});

test('every code is explained in docs/errors.md, and no other', () => {
  expect([...documented].sort()).toEqual([...codesInSource].sort());
});

test('every explanation says what happened and what to do', () => {
  const text = read('../../../docs/errors.md').replaceAll(/\s+/g, ' ');
  for (const section of text.split('### ').slice(1)) {
    expect(section).toMatch(/\*\*What happened\.\*\* .+ \*\*What to do\.\*\* ./);
  }
});

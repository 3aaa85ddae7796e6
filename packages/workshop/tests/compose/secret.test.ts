import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureSecret } from '../../src/compose/secret.ts';

let dir: string;
const env = () => readFileSync(join(dir, '.env'), 'utf8');

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secret-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

it('is made up once, for the owner alone to read', () => {
  expect(ensureSecret(dir)).toBe(join(dir, '.env'));
  const written = env();
  expect(written).toMatch(/^CHAT_SECRET=[\w-]{43}\n$/);
  expect(statSync(join(dir, '.env')).mode & 0o777).toBe(0o600);
  expect(ensureSecret(dir)).toBeNull();
  expect(env()).toBe(written);
});

it.each(['CHAT_SECRET=my own, of enough length\n', 'export CHAT_SECRET=mine-of-enough-length'])(
  'is left alone when there is one: %j',
  (before) => {
    writeFileSync(join(dir, '.env'), before);
    expect(ensureSecret(dir)).toBeNull();
    expect(env()).toBe(before);
  },
);

it.each(['CHAT_PORT=4000', 'CHAT_PORT=4000\nCHAT_SECRET=\n'])('is added to %j', (before) => {
  writeFileSync(join(dir, '.env'), before);
  ensureSecret(dir);
  expect(env().startsWith(before)).toBe(true);
  expect(env()).toMatch(/\nCHAT_SECRET=[\w-]{43}\n$/);
});

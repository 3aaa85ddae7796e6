// The options of the measuring commands: what is wrong is said, and nothing is measured.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chosen, whole } from '../bench/commandLine.ts';

const LOAD = fileURLToPath(new URL('../bench/load.ts', import.meta.url));
const load = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [LOAD, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test('a bad option is named, with how the command is used', () => {
  expect(load('soak', '--nonsense')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^Unknown option '--nonsense'\.\n\nnpm run load -- idle/),
  });
  expect(load('soak', '--rate', 'x')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^--rate takes a whole number from 1, got "x"\.\n\nnpm run/),
  });
});

test('--help says how the command is used', () => {
  const { status, stdout, stderr } = load('--help');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^npm run load -- idle/);
});

test.each(['', '-1', '1.5', '1e3', ' 7', '99999999999999999'])('%j is no whole number', (text) => {
  expect(() => whole('rate', text)).toThrow(`--rate takes a whole number from 1, got "${text}"`);
});

test('a name that there is not is refused, with those that there are', () => {
  expect(chosen(['a', 'b'], [])).toEqual(['a', 'b']);
  expect(chosen(['a', 'b'], ['b'])).toEqual(['b']);
  expect(() => chosen(['a', 'b'], ['c'])).toThrow('There is no "c". There are: a, b');
});

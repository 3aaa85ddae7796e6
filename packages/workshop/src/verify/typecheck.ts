// TypeScript over all variants at once: a mistake that the editor underlines proves nothing of a test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrokenWorkshopError } from '../errors.ts';

const TSC = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
);
/** Declares the global that starters call. */
const TODO = fileURLToPath(new URL('../todo.ts', import.meta.url));
const FOLDER = '.workshop/verify';

/**
 * @param dirs from the root
 * @returns the errors of each folder that has some, as tsc says them
 * @throws BrokenWorkshopError when tsc cannot read its settings
 */
export async function typecheck(
  root: string,
  dirs: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  if (dirs.length === 0) return found;
  const config = {
    extends: '../../tsconfig.steps.json',
    include: [...dirs.map((dir) => `../../${dir}/src`), TODO],
  };
  mkdirSync(join(root, FOLDER), { recursive: true });
  writeFileSync(join(root, FOLDER, 'tsconfig.json'), `${JSON.stringify(config, null, 2)}\n`);
  const said = await tsc(root, ['-p', join(FOLDER, 'tsconfig.json'), '--pretty', 'false'], signal);
  for (const line of said.split('\n')) {
    if (/^error TS\d+/.test(line)) throw new BrokenWorkshopError(`tsc over the variants: ${line}`);
    const dir = dirs.find((one) => line.startsWith(`${one}/`));
    if (dir === undefined) continue; // a second line of the error before, or a file of no variant
    found.set(dir, [...(found.get(dir) ?? []), line.slice(dir.length + 1)]);
  }
  return found;
}

async function tsc(root: string, args: string[], signal?: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, [TSC, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  return said;
}

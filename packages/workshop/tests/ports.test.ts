import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { freePorts, isFree, LOOPBACK, reserve } from '../src/ports.ts';

const MODULE = new URL('../src/ports.ts', import.meta.url).href;

/** What `expression` is in a process of its own. */
async function elsewhere(expression: string): Promise<unknown> {
  const program = `import { freePorts, reserve } from ${JSON.stringify(MODULE)};
    console.log(JSON.stringify(await ${expression}))`;
  const args = ['--input-type=module', '--eval', program];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

test('a free port is given to one process only, until that ends', async () => {
  const [port] = (await freePorts(1)) as [number];
  expect(await isFree(port, LOOPBACK)).toBe(true);
  expect(await reserve(port)).toBe(false);
  expect(await elsewhere(`reserve(${port})`)).toBe(false);

  const [given] = (await elsewhere('freePorts(1)')) as [number];
  expect(await reserve(given)).toBe(true);
});

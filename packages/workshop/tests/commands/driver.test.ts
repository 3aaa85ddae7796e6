// What the nodes of a step's tests are: containers where they can be, unless somebody says otherwise.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const { PATH } = process.env;
let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'docker-'));
  process.env.PATH = `${bin}${delimiter}${PATH}`;
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(bin, { recursive: true });
});

/** An engine that answers and has these images. */
function engineWith(...images: string[]): void {
  const file = join(bin, 'docker');
  const known = images.map((image) => `'image inspect ${image}'`).join(' | ');
  const inspect = known === '' ? '' : `${known}) ;;`;
  writeFileSync(
    file,
    `#!/bin/sh\ncase "$*" in\n  version*) echo 1 ;;\n  ${inspect}\n  *) exit 1 ;;\nesac\n`,
  );
  chmodSync(file, 0o755);
}

/** Step 1 with one test, which tells what it was given. */
async function small(): Promise<SmallWorkshop> {
  const made = new SmallWorkshop();
  await made.run('generate');
  const title = 'is given $' + '{process.env.WORKSHOP_DRIVER}';
  made.write(
    'tests/01-numbers.test.ts',
    `import { it } from 'vitest';\nit(\`1.1 ${title}\`, () => {});\nit('1.2 too', () => {});\n`,
  );
  return made;
}

// Nothing is asked for, although npm test itself names a driver.
const env = { ...process.env, WORKSHOP_DRIVER: undefined, NODE_IMAGE: 'ours' };

describe('npm run test:N', () => {
  it('takes containers when an engine answers and has the image', async () => {
    engineWith('ours');
    using workshop = await small();
    expect(await workshop.run('test 1', { env })).toBe(0);
    expect(workshop.said).toContain('is given containers');
    expect(workshop.said).toContain('Its nodes run in containers; without: -- --processes');
  });

  it('takes processes when an image would have to be fetched first', async () => {
    engineWith();
    using workshop = await small();
    expect(await workshop.run('test 1', { env })).toBe(0);
    expect(workshop.said).toContain('is given processes');
  });

  it('takes what it is told to take', async () => {
    engineWith('ours');
    using workshop = await small();
    expect(await workshop.run('test 1 --processes', { env })).toBe(0);
    expect(workshop.said).toContain('is given processes');
    const asked = { ...env, WORKSHOP_DRIVER: 'processes' };
    expect(await workshop.run('test 1', { env: asked })).toBe(0);
    expect(workshop.said).toContain('is given processes');
    expect(await workshop.run('test 1 --containers', { env: asked })).toBe(0);
    expect(workshop.said).toContain('is given containers');
  });

  it('says INFRA, and how to get the image, when containers are demanded', async () => {
    engineWith();
    using workshop = await small();
    expect(await workshop.run('test 1 --containers', { env })).toBe(2);
    expect(workshop.said).toContain('INFRA');
    expect(workshop.said).toContain('docker pull ours, or name another: NODE_IMAGE=');
  });

  it('refuses a WORKSHOP_DRIVER that it does not know', async () => {
    using workshop = await small();
    expect(await workshop.run('test 1', { env: { ...env, WORKSHOP_DRIVER: 'tanks' } })).toBe(2);
    expect(workshop.said).toContain('takes containers or processes, got "tanks"');
  });
});

describe('npm run test:containers', () => {
  it('says INFRA when an image is missing', async () => {
    engineWith('ours');
    using workshop = await small();
    expect(await workshop.run('test --containers', { env })).toBe(2);
    expect(workshop.said).toMatch(/INFRA[\s\S]*docker pull cassandra:5[\s\S]*docker pull nginx:1/);
  });
});

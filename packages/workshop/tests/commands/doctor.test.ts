import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

async function listening() {
  const server = createServer().listen(0, '127.0.0.1');
  await until(() => server.listening);
  return server;
}

const FAKE_DOCKER = fileURLToPath(new URL('../fixtures/fakeDocker.sh', import.meta.url));
const anyPort = { WORKSHOP_PORT: '0' };

describe('npm run doctor', () => {
  it('says what is there, and what to do next', async () => {
    using small = new SmallWorkshop();
    expect(await small.run('doctor', { env: anyPort })).toBe(0);
    expect(small.said).toMatch(/✓ Node +24\./);
    expect(small.said).toMatch(/✓ git +\d/);
    expect(small.said).toMatch(/✓ npm packages +installed/);
    expect(small.said).toContain('Ready.');
    expect(small.said).toContain('Next: npm run progress');
    expect(tooLong(small.said)).toEqual([]);
  });

  it('stays within 80 columns when a port is taken', async () => {
    using small = new SmallWorkshop();
    const server = await listening();
    const { port } = server.address() as AddressInfo;
    await small.run('doctor', { env: { ...anyPort, WORKSHOP_HTTP_PORT: String(port) } });
    server.close();
    expect(small.said).toMatch(/– HTTP ports +taken: /);
    expect(tooLong(small.said)).toEqual([]);
  });

  it('names a taken port and the remedy', async () => {
    using small = new SmallWorkshop();
    const server = await listening();
    const { port } = server.address() as AddressInfo;
    await small.run('doctor', { env: { WORKSHOP_PORT: String(port) } });
    server.close();
    expect(small.said).toMatch(new RegExp(`– front door port +taken: ${port}`));
    expect(small.said).toContain('npm start -- --port');
  });

  it('says what an engine lacks for step 6', async () => {
    using small = new SmallWorkshop();
    mkdirSync(join(small.root, 'bin'));
    symlinkSync(FAKE_DOCKER, join(small.root, 'bin/docker'));
    const { PATH } = process.env;
    process.env.PATH = `${join(small.root, 'bin')}${delimiter}${PATH}`;
    process.env.FAKE_MEMORY = String(2 ** 30);
    try {
      expect(await small.run('doctor', { env: anyPort })).toBe(0);
    } finally {
      process.env.PATH = PATH;
      delete process.env.FAKE_MEMORY;
    }
    expect(small.said).toMatch(/✓ Docker +an engine answers/);
    expect(small.said).toMatch(/✓ docker compose +2\.30\.1/);
    expect(small.said).toMatch(/– docker buildx +not found/);
    expect(small.said).toMatch(/– engine memory +1\.0 GiB/);
    expect(small.said).toContain('npm run step:6 -- --processes');
    expect(tooLong(small.said)).toEqual([]);
  });

  it('is INFRA without git, and says how to get it', async () => {
    using small = new SmallWorkshop();
    const { PATH } = process.env;
    process.env.PATH = '/nowhere';
    try {
      expect(await small.run('doctor', { env: anyPort })).toBe(2);
    } finally {
      process.env.PATH = PATH;
    }
    expect(small.said).toMatch(/✗ git +not found/);
    expect(small.said).toContain('INFRA  Mend first: git.');
    expect(small.said).toMatch(/– Docker +no engine/);
    expect(small.said).toContain('you can do everything but');
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

async function listening() {
  const server = createServer().listen(0, '127.0.0.1');
  await until(() => server.listening);
  return server;
}

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
  });
});

import type { ActorRef, Logger } from 'actor-ts';
import { describe, expect, test } from 'vitest';
import { httpRoutes } from '../../src/handlers/httpRoutes.ts';
import { Tokens } from '../../src/token.ts';

function routes(trustProxy: boolean) {
  const region = null as unknown as ActorRef; // a login needs no actor
  return httpRoutes({
    roomRegion: region,
    sessionRegion: region,
    tokens: new Tokens('a secret of enough length'),
    trustProxy,
    log: console as unknown as Logger,
  });
}

/** The cookie of a login that a proxy took over HTTPS. */
async function cookieOf(trustProxy: boolean): Promise<string> {
  const app = await routes(trustProxy);
  const { headers } = await app.inject({
    method: 'POST',
    url: '/login',
    headers: { 'x-forwarded-proto': 'https' },
    payload: { user: 'ann' },
  });
  await app.close();
  return String(headers['set-cookie']);
}

describe('the cookie', () => {
  test('is for HTTPS only when a proxy that is trusted was called so', async () => {
    expect(await cookieOf(true)).toContain('; Secure');
  });

  test('is not, when anybody may have said so', async () => {
    expect(await cookieOf(false)).not.toContain('Secure');
  });
});

test('a request has half a minute to come, its headers ten seconds', async () => {
  const app = await routes(false);
  const { requestTimeout, headersTimeout } = app.server;
  expect([requestTimeout, headersTimeout]).toEqual([30_000, 10_000]);
  await app.close();
});

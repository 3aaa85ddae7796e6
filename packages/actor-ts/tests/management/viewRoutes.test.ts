import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Management, startManagement } from '../../src/management/index.ts';
import { TestCluster } from '../pubsub/TestCluster.ts';

const folder = new URL('../../src/management/view/', import.meta.url);
const cluster = new TestCluster();
let management: Management;

beforeAll(async () => {
  const [node] = await cluster.start(1);
  management = await startManagement(node!.system, node!.cluster, { port: 0 });
});

afterAll(async () => {
  await management.close();
  await cluster.close();
});

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};
const files = readdirSync(folder);
const pathOf = (file: string) => (file === 'index.html' ? '/' : `/view/${file}`);

test.each(files)('serves %s with its type and a strict policy', async (file) => {
  const got = await fetch(management.url + pathOf(file));
  expect(got.status).toBe(200);
  expect(got.headers.get('content-type')).toBe(types[file.slice(file.indexOf('.') + 1)]);
  expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  expect(got.headers.get('cache-control')).toBe('no-store');
  const policy = got.headers.get('content-security-policy')!.split('; ');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect((await got.text()).length).toBeGreaterThan(100);
});

test('names only files that are there', async () => {
  const page = await (await fetch(management.url)).text();
  const named = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path!);
  expect(named).toEqual([
    '/view/icon.svg',
    '/view/style.css',
    '/view/way.css',
    '/view/shards.css',
    '/view/start.js',
  ]);
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const text = await (await fetch(`${management.url}/view/${file}`)).text();
    const imports = [...text.matchAll(/(?:from |import\()'\.\/([^']+)'/g)].map(([, name]) => name!);
    expect(imports.filter((name) => !files.includes(name))).toEqual([]);
  }
});

test('answers HEAD without a body', async () => {
  const head = await fetch(management.url, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test.each([
  '/view',
  '/view/',
  '/view/index.html',
  '/view/../Management.ts',
  '/view/%2e%2e/Management.ts',
  '/view/..%2fManagement.ts',
  '/view/style.css/',
])('has no %s', async (path) => {
  const got = await fetch(management.url + path);
  expect(got.status).toBe(404);
  expect(await got.json()).toMatchObject({ code: 'no-route' });
});

test('takes no query', async () => {
  expect((await fetch(`${management.url}/?a=1`)).status).toBe(400);
  expect((await fetch(`${management.url}/view/app.js?v=2`)).status).toBe(400);
});

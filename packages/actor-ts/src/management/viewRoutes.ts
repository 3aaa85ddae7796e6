// `GET /` and `/view/<file>`: the cluster view, a page without a build. Its files are read once, when
// the endpoints start; there is no way from a request to any other file.
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { json, type Reply } from './reply.ts';
import type { Routes } from './router.ts';

const files = [
  'index.html',
  'style.css',
  'way.css',
  'shards.css',
  'icon.svg',
  'app.js',
  'controls.js',
  'dom.js',
  'feed.js',
  'model.js',
  'moves.js',
  'panels.js',
  'shards.js',
  'start.js',
  'way.js',
  'ways.js',
  'words.js',
] as const;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page loads its own files and reads this endpoint, nothing else; nobody puts it into a frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A node kills, pauses and starts nobody. Who can, passes the page on and answers this in its place. */
const noControls = json({ nodes: [] });

export function viewRoutes(): Routes {
  const routes = files.map((file) => {
    const reply: Reply = {
      status: 200,
      contentType: contentTypes[extname(file)]!,
      body: readFileSync(new URL(`view/${file}`, import.meta.url)),
      headers: { 'content-security-policy': policy, 'referrer-policy': 'no-referrer' },
    };
    const path = file === 'index.html' ? '/' : `/view/${file}`;
    return [path, { handle: () => reply }] as const;
  });
  return { ...Object.fromEntries(routes), '/view/controls': { handle: () => noControls } };
}

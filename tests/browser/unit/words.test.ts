// What the page says, and what the page is made of.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UI_DIR, ui } from '../ui.ts';

const { bytesOver, connectionWords, dayLabel, hue, NAME, startsGroup } = await ui('words.js');

const noon = new Date(2025, 2, 5, 12).getTime();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('counts the bytes of a text as the server does, and those of its frame', () => {
  expect(bytesOver('a'.repeat(8_192))).toBeLessThanOrEqual(0);
  expect(bytesOver('a'.repeat(8_193))).toBe(1);
  expect(bytesOver('ä'.repeat(4_097))).toBe(2);
  expect(bytesOver('\n'.repeat(8_000))).toBeGreaterThan(0);
});

test('groups what one person says without a long pause', () => {
  const first = { from: 'ann', at: noon };
  expect(startsGroup(undefined, first)).toBe(true);
  expect(startsGroup(first, { from: 'ann', at: noon + MINUTE })).toBe(false);
  expect(startsGroup(first, { from: 'ann', at: noon + 6 * MINUTE })).toBe(true);
  expect(startsGroup(first, { from: 'bob', at: noon + MINUTE })).toBe(true);
  const late = { from: 'ann', at: noon + 12 * 60 * MINUTE - 1 };
  expect(startsGroup(late, { from: 'ann', at: late.at + 2 })).toBe(true);
});

test('takes times as the server writes them', () => {
  const at = new Date(noon).toISOString();
  expect(startsGroup({ from: 'ann', at }, { from: 'ann', at })).toBe(false);
  expect(dayLabel(at, new Date(noon))).toBe('Today');
});

test('names the days', () => {
  const now = new Date(noon);
  expect(dayLabel(noon - DAY, now)).toBe('Yesterday');
  expect(dayLabel(noon - 2 * DAY, now)).toMatch(/2025/);
  expect(dayLabel(new Date(2025, 1, 28).getTime(), new Date(2025, 2, 1))).toBe('Yesterday');
});

test('says how the connection stands', () => {
  const live = { name: 'live', node: 'node2', quiet: false };
  expect(connectionWords(live)).toBe('live');
  expect(connectionWords({ ...live, quiet: true })).toBe('no answer yet, reconnect');
  expect(connectionWords({ name: 'connecting' })).toBe('connecting');
  const waiting = { name: 'waiting', until: noon + 2_100 };
  expect(connectionWords(waiting, noon)).toBe('retrying in 3 s');
  expect(connectionWords(waiting, noon + 9_000)).toBe('retrying in 0 s');
  expect(connectionWords(waiting, noon, false)).toBe('offline, retrying in 3 s');
});

test('takes the names that the server takes', () => {
  for (const name of ['a', '0', 'a-b_c', 'a'.repeat(32)]) expect(name).toMatch(NAME);
  for (const name of ['', '-a', 'A', 'a b', 'a'.repeat(33), 'é']) expect(name).not.toMatch(NAME);
});

test('gives nodes colours that differ', () => {
  const hues = ['node1', 'node2', 'node3'].map((name) => hue(name) as number);
  for (const [i, a] of hues.entries()) {
    for (const b of hues.slice(i + 1)) {
      const apart = Math.abs(a - b);
      expect(Math.min(apart, 360 - apart)).toBeGreaterThan(60);
    }
  }
});

test('the page is under 40 KB, fetches nothing from elsewhere and has nothing inline', () => {
  const files = readdirSync(UI_DIR).map((name) => [name, readFileSync(join(UI_DIR, name), 'utf8')]);
  const bytes = files.reduce((sum, [, text]) => sum + Buffer.byteLength(text!), 0);
  expect(bytes).toBeLessThan(40 * 1024);
  for (const [name, text] of files) {
    const urls = text!.match(/\bhttps?:\/\/[^\s'"`]+/g) ?? [];
    expect([name, urls.filter((url) => url !== 'http://www.w3.org/2000/svg')]).toEqual([name, []]);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  }
  const html = Object.fromEntries(files)['index.html']!;
  expect(html).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/);
});

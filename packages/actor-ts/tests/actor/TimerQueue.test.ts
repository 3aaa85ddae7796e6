import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SystemScheduler } from '../../src/actor/SystemScheduler.ts';

let scheduler: SystemScheduler;
let fired: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  scheduler = new SystemScheduler();
  fired = [];
});

afterEach(() => {
  vi.useRealTimers();
});

const schedule = (delayMs: number, name: string) =>
  scheduler.schedule(delayMs, () => void fired.push(`${name} ${scheduler.now()}`));

test('timers of one delay fire one after the other, each in its time', () => {
  schedule(100, 'a');
  vi.advanceTimersByTime(30);
  schedule(100, 'b');
  schedule(50, 'c');
  vi.advanceTimersByTime(1000);
  expect(fired).toEqual(['c 80', 'a 100', 'b 130']);
});

test('a cancelled timer does not fire, and those beside it do', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => schedule(100, name));
  b!.cancel();
  a!.cancel();
  d!.cancel();
  d!.cancel();
  vi.advanceTimersByTime(200);
  expect(fired.map((one) => one[0])).toEqual(['c']);
  c!.cancel();
  schedule(100, 'e');
  vi.advanceTimersByTime(200);
  expect(fired.map((one) => one[0])).toEqual(['c', 'e']);
});

test('a delay that is used again fires in its time, however long the one before was gone', () => {
  schedule(100, 'a').cancel();
  vi.advanceTimersByTime(60);
  schedule(100, 'b');
  vi.advanceTimersByTime(99);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(fired).toHaveLength(1);
});

test('whoever fires may set and cancel timers of the same delay', () => {
  const other = scheduler.schedule(100, () => void fired.push('other'));
  scheduler.schedule(100, () => void fired.push('last'));
  const again = () => {
    fired.push('again');
    if (fired.length < 3) scheduler.schedule(100, again);
  };
  other.cancel();
  scheduler.schedule(100, again);
  vi.advanceTimersByTime(100);
  expect(fired).toEqual(['last', 'again']);
  vi.advanceTimersByTime(100);
  expect(fired).toEqual(['last', 'again', 'again']);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that throws does not hold up the others', () => {
  scheduler.schedule(100, () => {
    throw new Error('on purpose');
  });
  schedule(100, 'b');
  expect(() => vi.advanceTimersByTime(100)).toThrow('on purpose');
  vi.advanceTimersByTime(1);
  expect(fired.map((one) => one[0])).toEqual(['b']);
});

test('of many delays that were used once, few timers are left', () => {
  for (let delayMs = 1000; delayMs < 2000; delayMs++) schedule(delayMs, 'a').cancel();
  expect(vi.getTimerCount()).toBeLessThan(100);
  vi.advanceTimersByTime(2000);
  expect([fired, vi.getTimerCount()]).toEqual([[], 0]);
});

test('a longer delay than Node takes does not end at once', () => {
  schedule(2 ** 32, 'a');
  vi.advanceTimersByTime(2 ** 31);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(2 ** 31);
  expect(fired).toHaveLength(1);
});

test('a process ends when nothing but cancelled timers is left', async () => {
  const source = new URL('../../src/actor/SystemScheduler.ts', import.meta.url).href;
  const program = `
    const { SystemScheduler } = await import(${JSON.stringify(source)});
    const scheduler = new SystemScheduler();
    for (let i = 0; i < 3; i++) scheduler.schedule(60_000, () => {}).cancel();
    scheduler.schedule(1, () => console.log('fired'));
  `;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stdout).toBe('fired\n');
});

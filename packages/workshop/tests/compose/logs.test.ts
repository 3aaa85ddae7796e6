import { describe, expect, it } from 'vitest';
import { isWorthShowing, parseLine } from '../../src/compose/logs.ts';

describe('parseLine', () => {
  it('knows who speaks', () => {
    expect(parseLine('node1-1      | {"level":30}')).toEqual({
      who: 'node1',
      line: '{"level":30}',
    });
    expect(parseLine('more-2       | a | b')).toEqual({ who: 'more-2', line: 'a | b' });
  });

  it('knows it behind codes for the terminal', () => {
    expect(parseLine('\u001b[2Knginx-1  | hello')).toEqual({ who: 'nginx', line: 'hello' });
  });

  it('is null for what no container said', () => {
    expect(parseLine('Attaching to node1-1')).toBeNull();
  });
});

describe('isWorthShowing', () => {
  it.each([
    ['node1', '{"level":30,"msg":"ready"}'],
    ['cassandra', 'WARN  2026-11-23 08:03:11,181 StorageService - something'],
    ['nginx', '2026/11/23 07:57:02 [error] 7#7: *22 upstream timed out'],
    ['nginx', '10.0.0.1 - - [23/Nov/2026:07:57:02 +0000] "GET /ws HTTP/1.1" 502 150 "-" "-"'],
  ])('%s: %s', (who, line) => {
    expect(isWorthShowing({ who, line })).toBe(true);
  });

  it.each([
    ['node1', ''],
    ['cassandra', 'INFO  2026-11-23 08:03:11,181 StorageService - something'],
    ['nginx', '10.0.0.1 - - [23/Nov/2026:07:57:02 +0000] "GET / HTTP/1.1" 200 2542 "-" "-"'],
  ])('not %s: %s', (who, line) => {
    expect(isWorthShowing({ who, line })).toBe(false);
  });
});

import { expect, test } from 'vitest';
import { Announcements, chunks } from '../../src/pubsub/Announcements.ts';

test('hands out what changed since the last time, with the version it starts from', () => {
  const announcements = new Announcements();
  announcements.add('a');
  announcements.add('b');
  expect(announcements.takeUnsent(1000)).toEqual([
    {
      base: 0,
      changes: [
        ['a', true],
        ['b', true],
      ],
    },
  ]);
  expect(announcements.takeUnsent(1000)).toEqual([]);
  announcements.remove('a');
  expect(announcements.takeUnsent(1000)).toEqual([{ base: 2, changes: [['a', false]] }]);
  expect(announcements.topics()).toEqual(['b']);
  expect(announcements.version).toBe(3);
});

test('cuts many changes into deltas that follow on each other', () => {
  const announcements = new Announcements();
  for (const topic of ['aaaa', 'bbbb', 'cccc']) announcements.add(topic);
  const deltas = announcements.takeUnsent(8);
  expect(deltas.map(({ base, changes }) => [base, changes.length])).toEqual([
    [0, 2],
    [2, 1],
  ]);
});

test('knows which version a node needs to know of a topic', () => {
  const announcements = new Announcements();
  announcements.add('a');
  announcements.add('b');
  expect(announcements.versionOf('a')).toBe(1);
  expect(announcements.versionOf('b')).toBe(2);
  announcements.remove('a');
  announcements.add('a');
  expect(announcements.versionOf('a')).toBe(4);
});

test('an item larger than a whole chunk stands alone', () => {
  const sizes = (max: number, items: number[]) => chunks(items, (size) => size, max);
  expect(sizes(3, [1, 5, 1, 2, 1])).toEqual([[1], [5], [1, 2], [1]]);
  expect(sizes(3, [])).toEqual([]);
});

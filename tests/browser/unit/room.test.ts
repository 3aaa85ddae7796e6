// What the page knows of a room, and of the rooms together.
import { expect, test } from 'vitest';
import { ui } from '../ui.ts';

const { Room } = await ui('room.js');
const { RoomStore } = await ui('room-store.js');

const message = (seq: number) => ({ seq, id: `i${seq}`, from: 'bob', text: `text ${seq}`, at: 0 });
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
const seqs = (room: any) => room.messages.map(({ seq }: any) => seq);

function joined(head: number, read?: number) {
  const room = new Room('lobby', read);
  room.onJoined({ head, recovered: true, messages: range(Math.max(1, head - 99), head) });
  return room;
}

test('starts with the newest messages, all of them read', () => {
  const room = new Room('lobby');
  expect(room.last).toBeNull();
  expect(room.onJoined({ head: 250, recovered: true, messages: range(151, 250) })).toBe('reset');
  expect([room.first, room.last, room.unread, room.missed]).toEqual([151, 250, 0, 0]);
});

test('an empty room begins at 1', () => {
  const room = joined(0);
  expect([room.first, room.last, room.messages]).toEqual([1, 0, []]);
  expect(room.onMessage(message(1))).toBe('new');
  expect([room.first, room.last]).toEqual([1, 1]);
});

test('counts what came since it was read', () => {
  const room = joined(250, 240);
  expect(room.unread).toBe(10);
  room.onMessage(message(251));
  expect(room.unread).toBe(11);
});

test('takes each message once, and notices a gap', () => {
  const room = joined(10);
  expect(room.onMessage(message(10))).toBe('known');
  expect(room.onMessage(message(11))).toBe('new');
  expect(room.onMessage(message(13))).toBe('gap');
  expect(room.last).toBe(11);
  expect(seqs(room)).toEqual(seqs({ messages: range(1, 11) }));
});

test('pays no heed to messages that come before the answer to the join', () => {
  expect(new Room('lobby').onMessage(message(5))).toBe('known');
});

test('resumes after what it has, without repetition', () => {
  const room = joined(10);
  room.joined = false;
  room.onMessage(message(11));
  expect(room.onJoined({ head: 13, recovered: true, messages: range(11, 13) })).toBe('resumed');
  expect(seqs(room)).toEqual(seqs({ messages: range(1, 13) }));
  expect(room.onJoined({ head: 13, recovered: true, messages: [] })).toBe('resumed');
  expect([room.last, room.joined]).toEqual([13, true]);
});

test('begins anew after an absence that was too long, and knows how many it lacks', () => {
  const room = joined(10);
  const answer = { head: 700, recovered: false, messages: range(601, 700) };
  expect(room.onJoined(answer)).toBe('reset');
  expect([room.first, room.last, room.missed, room.unread]).toEqual([601, 700, 590, 690]);
  expect(room.onOlder(range(501, 600))).toBe(100);
  expect([room.first, room.missed]).toEqual([501, 490]);
});

test('asks from nothing when the server has less than it had', () => {
  const room = joined(10, 10);
  expect(room.onJoined({ head: 3, recovered: true, messages: [] })).toBe('rewound');
  expect(room.last).toBeNull();
  expect(room.onJoined({ head: 3, recovered: true, messages: range(1, 3) })).toBe('reset');
  expect([room.last, room.unread]).toEqual([3, 0]);
});

test('puts older messages in front only where they join on', () => {
  const room = joined(250);
  expect(room.onOlder(range(40, 100))).toBe(0);
  expect(room.onOlder([])).toBe(0);
  expect(room.onOlder(range(101, 155))).toBe(50);
  expect(room.first).toBe(101);
  expect(room.at(120).seq).toBe(120);
});

test('forgets the oldest beyond a bound, not one by one', () => {
  const room = joined(100);
  for (let seq = 101; seq <= 400; seq++) {
    room.onMessage(message(seq));
    room.trim(100);
    expect(room.messages.length).toBeLessThanOrEqual(150);
    expect(room.at(seq).seq).toBe(seq);
  }
});

test('the rooms of a user are remembered with how far they were read', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  };
  const store = new RoomStore('ann', storage);
  expect(store.all().map(({ name }: any) => name)).toEqual(['lobby']);
  store.add('garden');
  store.get('garden').onJoined({ head: 5, recovered: true, messages: range(1, 5) });
  store.remove('lobby');
  const again = new RoomStore('ann', storage);
  expect(again.all()).toMatchObject([{ name: 'garden', read: 5 }]);
  again.get('garden').onJoined({ head: 7, recovered: true, messages: range(1, 7) });
  expect(again.unread).toBe(2);
  again.remove('garden');
  expect(new RoomStore('ann', storage).all()).toEqual([]);
});

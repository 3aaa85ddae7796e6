// What the page keeps until it is acknowledged.
import { beforeEach, expect, test } from 'vitest';
import { ui } from '../ui.ts';

const { Outbox, newId } = await ui('outbox.js');

/** Like localStorage: the kept keys are its own, its methods are not. */
class FakeStorage {
  [key: string]: unknown;

  setItem(key: string, value: string): void {
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

let storage: FakeStorage;
let now: number;
let outbox: any;
const open = (user = 'ann') => new Outbox(user, storage, () => now);
const textsOf = (room: string, box = outbox) => box.of(room).map(({ text }: any) => text);

beforeEach(() => {
  storage = new FakeStorage();
  now = 1_000_000;
  outbox = open();
});

test('sends the messages of a room one after the other, and rooms beside each other', () => {
  outbox.add('lobby', 'one');
  outbox.add('lobby', 'two');
  outbox.add('garden', 'three');
  const one = outbox.take('lobby');
  expect(one.text).toBe('one');
  expect(outbox.take('lobby')).toBeUndefined();
  expect(outbox.take('garden').text).toBe('three');
  outbox.ack(one.id, 7);
  expect(outbox.take('lobby').text).toBe('two');
});

test('shows an acknowledged message until its place in the history is known', () => {
  outbox.add('lobby', 'one');
  const { id } = outbox.take('lobby');
  outbox.ack(id, 7);
  expect(outbox.get(id)).toMatchObject({ state: 'acked', seq: 7 });
  outbox.drop(id);
  expect(outbox.of('lobby')).toEqual([]);
});

test('keeps what is not acknowledged over a reload, in order, with its id', () => {
  for (const text of ['one', 'two', 'three']) {
    now++;
    outbox.add('lobby', text);
  }
  const { id } = outbox.take('lobby');
  outbox.ack(id, 1);
  const underWay = outbox.take('lobby');
  const again = open();
  expect(textsOf('lobby', again)).toEqual(['two', 'three']);
  expect(again.take('lobby').id).toBe(underWay.id);
});

test('keeps users apart', () => {
  outbox.add('lobby', 'one');
  expect(open('bob').of('lobby')).toEqual([]);
  expect(open('an').of('lobby')).toEqual([]);
});

test('two tabs do not overwrite each other', () => {
  const other = open();
  outbox.add('lobby', 'from here');
  other.add('lobby', 'from there');
  expect(textsOf('lobby', open()).sort()).toEqual(['from here', 'from there']);
});

test('sends again with the same id after the connection was lost', () => {
  outbox.add('lobby', 'one');
  const { id } = outbox.take('lobby');
  outbox.requeue();
  expect(outbox.take('lobby').id).toBe(id);
});

test('sends again what was not answered within 20 s', () => {
  outbox.add('lobby', 'one');
  const { id } = outbox.take('lobby');
  now += 19_999;
  expect(outbox.take('lobby')).toBeUndefined();
  now += 1;
  expect(outbox.take('lobby').id).toBe(id);
});

test.each(['rate-limited', 'busy'])('tries again after growing pauses when %s', (code) => {
  outbox.add('lobby', 'one');
  outbox.add('lobby', 'two');
  const pauses = [];
  for (let i = 0; i < 7; i++) {
    const { id, text } = outbox.take('lobby');
    expect(text).toBe('one');
    outbox.refuse(id, code, 'too much', () => 1);
    expect(outbox.get(id).state).toBe('queued');
    const pauseMs = outbox.get(id).notBefore - now;
    pauses.push(pauseMs);
    now += pauseMs - 1;
    expect(outbox.take('lobby')).toBeUndefined();
    now++;
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
  const { id } = outbox.take('lobby');
  outbox.refuse(id, code, 'too much');
  expect(outbox.get(id)).toMatchObject({ state: 'failed', reason: 'too much' });
  expect(outbox.take('lobby').text).toBe('two');
});

test('leaves it to the user what to do after a timeout, also after a reload', () => {
  outbox.add('lobby', 'one');
  const { id } = outbox.take('lobby');
  outbox.refuse(id, 'timeout', 'no answer in time');
  expect(outbox.take('lobby')).toBeUndefined();
  outbox = open();
  expect(outbox.get(id)).toMatchObject({ state: 'failed', reason: 'no answer in time' });
  outbox.retry(id);
  expect(outbox.take('lobby')).toMatchObject({ id, text: 'one' });
});

test('puts a retried message at the end of the line', () => {
  outbox.add('lobby', 'one');
  outbox.add('lobby', 'two');
  const { id } = outbox.take('lobby');
  outbox.refuse(id, 'timeout', 'no answer in time');
  outbox.retry(id);
  expect(textsOf('lobby')).toEqual(['two', 'one']);
});

test('an error that comes after the ack changes nothing', () => {
  outbox.add('lobby', 'one');
  const { id } = outbox.take('lobby');
  outbox.ack(id, 3);
  outbox.refuse(id, 'timeout', 'no answer in time');
  expect(outbox.get(id).state).toBe('acked');
});

test('does not send what is over an hour old unless asked', () => {
  outbox.add('lobby', 'one');
  now += 3_600_001;
  outbox = open();
  expect(outbox.take('lobby')).toBeUndefined();
  const [entry] = outbox.of('lobby');
  expect(entry.state).toBe('failed');
  outbox.retry(entry.id);
  expect(outbox.take('lobby').id).toBe(entry.id);
});

test('makes ids that the server takes, also where randomUUID is missing', () => {
  const { randomUUID } = crypto;
  const ids = new Set([newId(), newId()]);
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
  ids.add(newId()).add(newId());
  Object.defineProperty(crypto, 'randomUUID', { value: randomUUID, configurable: true });
  expect(ids.size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^[\w.:-]{1,64}$/);
});

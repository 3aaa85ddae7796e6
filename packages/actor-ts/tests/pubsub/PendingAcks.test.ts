import { expect, test } from 'vitest';
import { PendingAcks } from '../../src/pubsub/PendingAcks.ts';

test('gives out what a version confirms, and keeps the rest', () => {
  const acks = new PendingAcks<string>(10);
  acks.push({ ack: 'one', version: 1, deadline: 100 });
  acks.push({ ack: 'three', version: 3, deadline: 100 });
  acks.push({ ack: 'two', version: 2, deadline: 100 });
  expect(acks.takeConfirmed(2).map(({ ack }) => ack)).toEqual(['one', 'two']);
  expect(acks.takeConfirmed(2)).toEqual([]);
  expect(acks.size).toBe(1);
});

test('gives out what has waited for too long', () => {
  const acks = new PendingAcks<string>(10);
  acks.push({ ack: 'early', version: 1, deadline: 100 });
  acks.push({ ack: 'late', version: 1, deadline: 200 });
  expect(acks.takeOverdue(99)).toEqual([]);
  expect(acks.takeOverdue(100).map(({ ack }) => ack)).toEqual(['early']);
});

test('hands the oldest back when it is full', () => {
  const acks = new PendingAcks<number>(2);
  expect(acks.push({ ack: 1, version: 1, deadline: 1 })).toBeUndefined();
  expect(acks.push({ ack: 2, version: 2, deadline: 1 })).toBeUndefined();
  expect(acks.push({ ack: 3, version: 3, deadline: 1 })?.ack).toBe(1);
  expect(acks.size).toBe(2);
});

import { beforeEach, expect, test } from 'vitest';
import { page } from './page.ts';

const { Model } = await page('model.js');
const { hueOf, listOf } = await page('words.js');

const [n1, n2] = ['chat@127.0.0.1:2551', 'chat@127.0.0.1:2552'] as const;
const up = (...addresses: string[]) => addresses.map((address) => ({ address, status: 'up' }));
let now: number;
let model: any;
const texts = () => model.timeline.map(({ text }: { text: string }) => text);
const shardMoves = (shardId: number, home: string | null) =>
  model.onEvent('shard', { typeName: 'room', shardId: String(shardId), home });

beforeEach(() => {
  now = 10_000;
  model = new Model(() => now);
  model.onEvent('members', { self: n1, leader: n1, members: up(n1, n2) });
  model.onEvent('node', { address: n2, name: 'node2', tracing: true });
});

test('nodes are called by their name where it is known, else by their address', () => {
  expect([model.label(n1), model.label(n2), model.label(null)]).toEqual([
    '127.0.0.1:2551',
    'node2',
    'nobody',
  ]);
});

test('where there is little room, unnamed nodes of one machine are called by their ports', () => {
  expect([model.shortLabel(n1), model.shortLabel(n2)]).toEqual([':2551', 'node2']);
  model.onEvent('node', { address: 'chat@10.0.0.7:2551', name: null, tracing: true });
  expect(model.shortLabel(n1)).toBe('127.0.0.1:2551');
});

test('what happens to a member is told, newest first, and one that is gone is kept', () => {
  const event = (change: string, status: string) =>
    model.onEvent('member', { change, address: n2, status });
  event('MemberUnreachable', 'unreachable');
  event('MemberDown', 'down');
  event('MemberRemoved', 'removed');
  expect(texts()).toEqual([
    'node2 is no member any more; what lived there is started elsewhere.',
    'The others give node2 up.',
    'node2 does not answer.',
  ]);
  expect(model.nodes.get(n2).status).toBe('gone');
  event('MemberUp', 'up');
  expect(model.nodes.get(n2)).toMatchObject({ status: 'up', name: 'node2' });
});

test('a member that went by its own will is told as such', () => {
  model.onEvent('member', { change: 'MemberLeft', address: n2, status: 'leaving' });
  model.onEvent('member', { change: 'MemberRemoved', address: n2, status: 'removed' });
  expect(texts()[0]).toBe('node2 has left the cluster.');
});

test('what has changed while nobody was connected is told at once', () => {
  model.onEvent('members', { self: n1, leader: n1, members: up(n1) });
  expect(texts()).toEqual(['Connected to 127.0.0.1:2551 again. Meanwhile: gone: node2.']);
  model.onEvent('members', { self: n1, leader: n1, members: up(n1) });
  expect(texts()[0]).toContain('The members are the same.');
});

test('shards that move the same way are told in one sentence, with what lives there', () => {
  model.onShards('room', 8, [
    { shard: 1, node: n2, entities: ['lobby'] },
    { shard: 2, node: n2, entities: ['den', 'attic'] },
    { shard: 3, node: n1, entities: ['hall'] },
  ]);
  for (const shard of [1, 2]) shardMoves(shard, null);
  expect(model.entities('room').map(({ name, node }: any) => [name, node])).toEqual([
    ['attic', null],
    ['den', null],
    ['hall', n1],
    ['lobby', null],
  ]);
  for (const shard of [1, 2]) shardMoves(shard, n1);
  model.tellMoves(now);
  expect(texts()).toEqual([
    'room: 2 shards (lobby, den and attic) moved from node2 to 127.0.0.1:2551.',
  ]);
  expect(model.hasMoves).toBe(false);
});

test('a shard that stays without a home is told after a while, and where it was', () => {
  model.onShards('room', 8, [{ shard: 1, node: n2, entities: ['lobby'] }]);
  shardMoves(1, null);
  model.tellMoves(now);
  expect(texts()).toEqual([]);
  now += 5000;
  model.tellMoves(now);
  expect(texts()).toEqual(['room: shard 1 (lobby) left node2 and is nowhere yet.']);
  shardMoves(1, n1);
  model.tellMoves(now);
  expect(texts()[0]).toBe('room: shard 1 (lobby) moved from node2 to 127.0.0.1:2551.');
});

test('moves that no event has told are found in the answers; the first answer is none', () => {
  model.onShards('room', 8, [{ shard: 1, node: n2, entities: ['lobby'] }]);
  expect(model.hasMoves).toBe(false);
  model.onShards('room', 8, [{ shard: 1, node: n1, entities: ['lobby'] }]);
  model.tellMoves(now);
  expect(texts()).toEqual(['room: shard 1 (lobby) moved from node2 to 127.0.0.1:2551.']);
});

test('a shard that was nowhere for a moment, and is where it was, has not moved', () => {
  model.onShards('room', 8, [{ shard: 1, node: n2, entities: [] }]);
  shardMoves(1, null);
  shardMoves(1, n2);
  model.tellMoves(now);
  expect(texts()).toEqual([]);
});

test('of a shard that moves on before it was told, both moves are told', () => {
  shardMoves(1, n2);
  shardMoves(1, null);
  shardMoves(1, n1);
  model.tellMoves(now);
  expect(texts()).toEqual([
    'room: shard 1 moved from node2 to 127.0.0.1:2551.',
    'room: shard 1 is on node2 now.',
  ]);
});

test('the timeline has a bound', () => {
  for (let i = 0; i < 1000; i++) model.onEvent('leader', { leader: i % 2 ? n1 : n2 });
  expect(model.timeline).toHaveLength(200);
});

test('nodes whose names differ in a digit have colours that differ', () => {
  const hues: number[] = ['node1', 'node2', 'node3'].map(hueOf);
  for (const [i, hue] of hues.entries()) {
    for (const other of hues.slice(i + 1)) expect(Math.abs(hue - other)).toBeGreaterThan(60);
  }
});

test('long lists are cut', () => {
  expect(listOf(['a'])).toBe('a');
  expect(listOf(['a', 'b', 'c'])).toBe('a, b and c');
  expect(listOf(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});

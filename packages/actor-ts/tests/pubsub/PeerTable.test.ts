import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Announcements } from '../../src/pubsub/Announcements.ts';
import { PeerTable } from '../../src/pubsub/PeerTable.ts';

const a = { address: 'sys@a:1', uid: 'A' };
const b = { address: 'sys@b:1', uid: 'B' };
const up = (node: typeof a) => ({ node, reachable: true, up: true });
const state = (version: number, topics: string[]) => ({ version, part: 0, parts: 1, topics });
const keys = (table: PeerTable, topic: string) =>
  table
    .interested(topic)
    .map((peer) => peer.node.uid)
    .sort();

function known(...nodes: (typeof a)[]): PeerTable {
  const table = new PeerTable();
  table.reconcile(nodes.map(up), 0);
  for (const node of nodes) table.applyState(table.get(node)!, state(0, []));
  return table;
}

test('counts a node as interested in everything until its state is known', () => {
  const table = new PeerTable();
  expect(table.reconcile([up(a)], 0).map((peer) => peer.node)).toEqual([a]);
  expect(keys(table, 'news')).toEqual(['A']);
  expect(table.applyState(table.get(a)!, state(7, ['news']))).toBe(true);
  expect(keys(table, 'news')).toEqual(['A']);
  expect(keys(table, 'sports')).toEqual([]);
});

test('applies changes that follow on what it has, and reports a gap', () => {
  const table = known(a);
  const peer = table.get(a)!;
  expect(table.applyDelta(peer, 0, [['news', true]])).toBe('applied');
  expect(keys(table, 'news')).toEqual(['A']);
  expect(table.applyDelta(peer, 0, [['news', true]])).toBe('old');
  expect(table.applyDelta(peer, 2, [['news', false]])).toBe('gap');
  expect(keys(table, 'news')).toEqual(['A']);
  expect(table.applyDelta(peer, 1, [['news', false]])).toBe('applied');
  expect(keys(table, 'news')).toEqual([]);
  expect([...table.topics()]).toEqual([]);
});

test('takes a state in parts, all of them and in order, or not at all', () => {
  const table = known(a);
  const peer = table.get(a)!;
  const part = (version: number, index: number, topics: string[]) =>
    table.applyState(peer, { version, part: index, parts: 2, topics });
  expect(part(5, 0, ['x'])).toBe(false);
  expect(part(6, 1, ['y'])).toBe(false);
  expect(part(5, 1, ['y'])).toBe(true);
  expect(part(6, 1, ['z'])).toBe(false);
  expect(peer.version).toBe(5);
  expect([...peer.topics]).toEqual(['x', 'y']);
});

test('ignores a state older than what it has', () => {
  const table = known(a);
  const peer = table.get(a)!;
  table.applyState(peer, state(5, ['new']));
  expect(table.applyState(peer, state(3, ['old']))).toBe(true);
  expect([...peer.topics]).toEqual(['new']);
});

test('forgets a node that is no member any more, and knows a new incarnation as a new node', () => {
  const table = known(a, b);
  for (const node of [a, b]) table.applyState(table.get(node)!, state(1, ['news']));
  const again = { address: a.address, uid: 'A2' };
  expect(table.reconcile([up(b), up(again)], 1).map((peer) => peer.node)).toEqual([again]);
  expect(table.get(a)).toBeUndefined();
  expect(keys(table, 'news')).toEqual(['A2', 'B']);
  table.clear();
  expect(keys(table, 'news')).toEqual([]);
});

test('asks again when a node is reachable again', () => {
  const table = known(a);
  expect(table.reconcile([{ ...up(a), reachable: false }], 1)).toEqual([]);
  expect(keys(table, 'news')).toEqual([]);
  expect(table.reconcile([up(a)], 2)).toHaveLength(1);
  expect(keys(table, 'news')).toEqual(['A']);
});

test('waits for confirmations of the nodes that are up, reachable and have a mediator', () => {
  const table = known(a, b);
  expect(table.confirmedByAll()).toBe(-1);
  table.markConfirmed(table.get(a)!, 4);
  table.markConfirmed(table.get(b)!, 3);
  table.markConfirmed(table.get(b)!, 2);
  expect(table.confirmedByAll()).toBe(3);
  table.reconcile([up(a), { ...up(b), reachable: false }], 1);
  expect(table.confirmedByAll()).toBe(4);
  table.reconcile([{ ...up(a), up: false }], 1);
  expect(table.confirmedByAll()).toBe(Number.POSITIVE_INFINITY);
});

test('gives up on a node that never answers, and comes back to it when it is heard of', () => {
  const table = new PeerTable();
  table.reconcile([up(a)], 10);
  expect(table.expire(9)).toBe(false);
  expect(table.confirmedByAll()).toBe(-1);
  expect(table.expire(10)).toBe(true);
  expect(table.get(a)?.phase).toBe('silent');
  expect(keys(table, 'news')).toEqual([]);
  expect(table.confirmedByAll()).toBe(Number.POSITIVE_INFINITY);
  table.markAsking(table.get(a)!, 20);
  expect(keys(table, 'news')).toEqual(['A']);
});

test('goes back to what it knew of a node that does not answer a second time', () => {
  const table = known(a);
  table.applyDelta(table.get(a)!, 0, [['news', true]]);
  table.markAsking(table.get(a)!, 5);
  table.expire(5);
  expect(table.get(a)?.phase).toBe('known');
  expect(keys(table, 'news')).toEqual(['A']);
  expect(keys(table, 'sports')).toEqual([]);
});

test('ends with the announced topics whatever is lost or repeated on the way', () => {
  const topic = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.record({ topic, copies: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const announcements = new Announcements();
      const table = known(a);
      const peer = table.get(a)!;
      for (const { topic, copies } of steps) {
        if (announcements.topics().includes(topic)) announcements.remove(topic);
        else announcements.add(topic);
        const deltas = announcements.takeUnsent(1);
        for (let copy = 0; copy < copies; copy++) {
          for (const { base, changes } of deltas) {
            if (table.applyDelta(peer, base, changes) === 'gap') {
              table.applyState(peer, state(announcements.version, announcements.topics()));
            }
          }
        }
        // Never ahead of, or beside, what was announced at that version.
        if (peer.version === announcements.version) {
          expect([...peer.topics].sort()).toEqual(announcements.topics().sort());
        }
      }
      // The digest finds a difference, and the state mends it.
      if (peer.version !== announcements.version) {
        table.applyState(peer, state(announcements.version, announcements.topics()));
      }
      expect([...peer.topics].sort()).toEqual(announcements.topics().sort());
      for (const name of ['a', 'b', 'c', 'd']) {
        expect(keys(table, name)).toEqual(announcements.topics().includes(name) ? ['A'] : []);
      }
    }),
  );
});

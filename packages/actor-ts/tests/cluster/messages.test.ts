import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foundCluster, toWire } from '../../src/cluster/Membership.ts';
import { type ClusterMessage, isClusterMessage } from '../../src/cluster/messages.ts';

const from = { address: 'sys@a:1', uid: '1' };
const cluster = { id: '1', foundedAt: 1, ups: 1, oldest: 1, leader: '1' };
const state = toWire(foundCluster(from, ['x'], 1));

const messages: ClusterMessage[] = [
  { type: 'probe', from, asked: 'sys@b:1', cluster: null },
  { type: 'probe', from, asked: 'sys@b:1', cluster },
  { type: 'probe-reply', from, asked: 'sys@b:1', cluster },
  { type: 'join', from, roles: ['x'] },
  { type: 'welcome', from, to: '2', state },
  { type: 'heartbeat', from, to: '2' },
  { type: 'heartbeat-ack', from },
  { type: 'digest', from, to: '2', cluster, digest: 'd', isQuestion: true },
  { type: 'gossip', from, to: '2', cluster, state },
  { type: 'removed', from, to: '2' },
  { type: 'dissolve', from, to: '2', into: 'sys@b:1' },
  { type: 'giving-up', from, to: '2' },
  { type: 'goodbye', from, to: '2', state },
  { type: 'goodbye-ack', from, to: '2' },
];

describe('what comes from outside', () => {
  test.each(messages)('$type is taken', (message) => {
    expect(isClusterMessage(message)).toBe(true);
  });

  test.each(messages)('$type without any one of its fields is not', (message) => {
    for (const field of Object.keys(message)) {
      const { [field]: _, ...rest } = message as unknown as Record<string, unknown>;
      expect(isClusterMessage(rest), field).toBe(false);
    }
  });

  test('a member in an unknown status is not', () => {
    const members = [{ ...state.members[0]!, status: 'asleep' }];
    const message = { type: 'welcome', from, to: '2', state: { ...state, members } };
    expect(isClusterMessage(message)).toBe(false);
  });

  test('anything else neither is taken nor throws', () => {
    const types = fc.constantFrom(...messages.map((m) => m.type), 'toString', '__proto__');
    const anything = fc.oneof(
      fc.anything(),
      fc.record({ type: types, from: fc.anything() }),
      fc.record({ type: types, from: fc.constant(from), to: fc.anything(), state: fc.anything() }),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const type = (value as { type?: unknown } | null | undefined)?.type;
        if (type !== 'heartbeat-ack') expect(typeof isClusterMessage(value)).toBe('boolean');
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/sharding/CoordinatorState.ts';
import { initialState, type MemberView } from '../../src/sharding/CoordinatorState.ts';
import { step } from '../../src/sharding/ShardCoordinator.ts';
import { troubleWith } from './storyteller.ts';

describe('the coordinators of a cluster', () => {
  test('never grant a shard twice, whatever is delayed, lost, killed or suspected, and answer in the end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(1_000_000), { maxLength: 800, size: 'max' }),
        (size, tape) => {
          const trouble = troubleWith(size, tape);
          expect(trouble).toBeNull();
        },
      ),
      { numRuns: Number(process.env.SHARDING_RUNS ?? 300), interruptAfterTimeLimit: 15_000 },
    );
  });
});

describe('a coordinator', () => {
  const settings = { numShards: 8, rebalanceIntervalMs: 1000 };
  const epoch = { term: 1, node: 'a#1' };
  const up = (node: string, status: MemberView['status'] = 'up'): MemberView => ({
    ...{ node, status, hosts: true },
  });
  const register = (node: string, held: readonly number[] = []) =>
    ({
      kind: 'register',
      ...{ node, epoch, numShards: 8, proxy: false, leaving: false, journalAnswers: true },
      wanted: [],
      held: held.map((shard) => ({
        ...{ shard, stopping: false },
        grant: { epoch: { term: 0, node: 'z#1' }, seq: shard },
      })),
    }) as const;

  type Event = Parameters<typeof step>[1];

  /** Events at time 0, or each with its own time. */
  function run(events: readonly (Event | readonly [ms: number, event: Event])[]) {
    let state = initialState(settings, epoch);
    let effects: readonly Effect[] = [];
    for (const timed of events) {
      const [now, event] = 'kind' in timed ? [0, timed] : timed;
      ({ state, effects } = step(state, event, now));
    }
    const sent = effects.flatMap((effect) =>
      effect.kind === 'send' ? [[effect.to, effect.message.kind] as const] : [],
    );
    return { state, sent, effects };
  }

  test('allocates nothing until every region of the cluster has reported', () => {
    const members = { kind: 'members', members: [up('a#1'), up('b#1', 'unreachable')] } as const;
    const want = { kind: 'get-homes', node: 'a#1', shards: [3] } as const;
    const waiting = run([members, register('a#1'), want]);
    expect(waiting.state.phase).toBe('recovering');
    expect(waiting.state.homes.size).toBe(0);

    const complete = run([members, register('a#1'), want, register('b#1', [3])]);
    expect(complete.state.phase).toBe('active');
    expect(complete.state.homes.get(3)?.node).toBe('b#1');
  });

  test('goes on as soon as a silent region is removed', () => {
    const { state, sent } = run([
      { kind: 'members', members: [up('a#1'), up('b#1')] },
      register('a#1'),
      { kind: 'get-homes', node: 'a#1', shards: [3] },
      { kind: 'members', members: [up('a#1')] },
    ]);
    expect(state.homes.get(3)?.node).toBe('a#1');
    expect(sent).toEqual([['a#1', 'host-shard'], ['a#1', 'registered']]); // biome-ignore format: short
  });

  test('does not wait for members without the role, or without a region of this type', () => {
    const proxy = { ...up('p#1'), hosts: false };
    const { state } = run([
      { kind: 'members', members: [up('a#1'), proxy, up('b#1')] },
      register('a#1'),
      { kind: 'absent', node: 'b#1' },
    ]);
    expect(state.phase).toBe('active');
  });

  test('gives the shards of a removed member to others at once', () => {
    const { state, sent } = run([
      { kind: 'members', members: [up('a#1'), up('b#1')] },
      register('a#1'),
      register('b#1', [1, 2]),
      { kind: 'members', members: [up('a#1')] },
    ]);
    expect([...state.homes.values()].map(({ node }) => node)).toEqual(['a#1', 'a#1']);
    expect(sent).toContainEqual(['a#1', 'homes']);
  });

  test('settles two claims for one shard: the later grant stays, the earlier is told to stop', () => {
    const { state, effects } = run([
      { kind: 'members', members: [up('a#1'), up('b#1')] },
      {
        ...register('a#1', [1]),
        held: [{ shard: 1, stopping: false, grant: { epoch: { term: 0, node: 'x#1' }, seq: 9 } }],
      },
      {
        ...register('b#1', [1]),
        held: [{ shard: 1, stopping: false, grant: { epoch: { term: 0, node: 'x#1' }, seq: 4 } }],
      },
    ]);
    expect(state.homes.get(1)?.node).toBe('a#1');
    expect(effects).toContainEqual(
      expect.objectContaining({
        to: 'b#1',
        message: expect.objectContaining({ kind: 'hand-off' }),
      }),
    );
  });

  test('starts over above an epoch that regions already obey', () => {
    const later = { term: 7, node: 'b#1' };
    const { state, sent } = run([
      { kind: 'members', members: [up('a#1')] },
      register('a#1'),
      { kind: 'announce', node: 'a#1', promised: later },
    ]);
    expect(state.epoch).toEqual({ term: 8, node: 'a#1' });
    expect(state.phase).toBe('recovering');
    expect(sent).toEqual([['a#1', 'hello']]);
  });

  test('refuses a region with another number of shards', () => {
    const { sent } = run([
      { kind: 'members', members: [up('a#1')] },
      { ...register('a#1'), numShards: 9 },
    ]);
    expect(sent).toEqual([['a#1', 'refused']]);
  });

  test('holds the grant back until the old home has stopped its entities', () => {
    const events = [
      { kind: 'members', members: [up('a#1'), up('b#1')] },
      register('a#1', [0]),
      register('b#1'),
      { kind: 'leave', node: 'a#1' },
    ] as const;
    const grant = { epoch: { term: 0, node: 'z#1' }, seq: 0 };
    const ready = (node: string) => ({ kind: 'hand-off-ready', node, shard: 0, grant }) as const;
    expect(run(events).sent).toEqual([['a#1', 'begin-hand-off'], ['b#1', 'begin-hand-off']]); // biome-ignore format: short
    expect(run([...events, ready('a#1')]).sent).toEqual([]);
    const quiet = run([...events, ready('a#1'), ready('b#1')]);
    expect(quiet.sent).toEqual([['a#1', 'hand-off']]);
    const stopped = run([
      ...[...events, ready('a#1'), ready('b#1')],
      { kind: 'shard-stopped', node: 'a#1', shard: 0, grant },
    ]);
    expect(stopped.sent[0]).toEqual(['b#1', 'host-shard']);
    expect(stopped.state.homes.get(0)?.node).toBe('b#1');
  });

  describe('whose nodes lose the journal', () => {
    const two = [
      { kind: 'members', members: [up('a#1'), up('b#1')] },
      register('a#1', [0, 1]),
      register('b#1', [2, 3]),
    ] as const;
    const sync = (node: string, journalAnswers: boolean) =>
      ({ kind: 'sync', node, epoch, version: 0, journalAnswers }) as const;
    const tick = { kind: 'tick' } as const;
    const moving = (...events: Parameters<typeof run>[0]) => [
      ...run([...two, ...events]).state.handOffs.values(),
    ];

    test('moves the shards of one that stays without, to one that has it', () => {
      const lost = [0, sync('b#1', false)] as const;
      expect(moving(lost, [1499, tick])).toEqual([]);
      expect(moving(lost, [1000, sync('b#1', true)], [1500, tick])).toEqual([]);
      const moves = moving(lost, [1500, tick]);
      expect(moves.map(({ from, to }) => [from, to])).toEqual([
        ['b#1', 'a#1'],
        ['b#1', 'a#1'],
      ]);
    });

    test('moves nothing when it is away for all', () => {
      const lost = [[0, sync('b#1', false)] as const, [1400, sync('a#1', false)] as const];
      expect(moving(...lost, [60_000, tick])).toEqual([]);
      const { state } = run([
        ...[...two, ...lost],
        [60_000, { kind: 'get-homes', node: 'a#1', shards: [7] }],
      ]);
      expect(state.homes.has(7)).toBe(true);
    });

    test('moves nothing to one that has only just got it back', () => {
      const lost = [[0, sync('b#1', false)] as const, [0, sync('a#1', false)] as const];
      const back = [60_000, sync('a#1', true)] as const;
      expect(moving(...lost, back, [64_000, tick])).toEqual([]);
      expect(moving(...lost, back, [61_000, sync('b#1', true)], [70_000, tick])).toEqual([]);
      expect(moving(...lost, back, [65_000, tick])).toHaveLength(2);
    });
  });
});

import { describe, expect, test } from 'vitest';
import { Address } from '../../src/actor/Address.ts';
import { parseSeeds, resolveNothing, resolveSeeds } from '../../src/cluster/seeds.ts';
import { OptionsError } from '../../src/errors.ts';

const self = Address.parse('chat@10.0.0.2:2551');

describe('seed entries', () => {
  test('are written with or without the system', () => {
    const parsed = parseSeeds(['host:1', 'chat@host:2', '10.0.0.1:3'], 'chat');
    expect(parsed.map(String)).toEqual(['chat@host:1', 'chat@host:2', 'chat@10.0.0.1:3']);
  });

  test.each(['host', 'host:', 'host:port', 'host:70000', '', 'a@b@c:1'])(
    '%j is refused',
    (seed) => {
      expect(() => parseSeeds([seed], 'chat')).toThrow(OptionsError);
      expect(() => parseSeeds([seed], 'chat')).toThrow(JSON.stringify(seed));
    },
  );

  test('of another system are refused', () => {
    expect(() => parseSeeds(['shop@host:1'], 'chat')).toThrow(/another system; this one is 'chat'/);
  });
});

describe('resolving', () => {
  const resolve = async (host: string) =>
    host === 'tasks' ? ['10.0.0.3', '10.0.0.2', '10.0.0.1'] : ['10.0.0.9'];

  test('a name with one address stands for itself, as its node is called', async () => {
    const resolved = await resolveSeeds(parseSeeds(['one:2551'], 'chat'), self, resolve);
    expect(resolved).toEqual({
      targets: [{ address: 'chat@one:2551', seedIndex: 0 }],
      selfIndex: null,
    });
  });

  test('a name with several stands for a node on each, the lowest address first', async () => {
    const resolved = await resolveSeeds(parseSeeds(['tasks:2551'], 'chat'), self, resolve);
    expect(resolved.targets.map((t) => t.address)).toEqual([
      'chat@10.0.0.1:2551',
      'chat@10.0.0.3:2551',
    ]);
    expect(resolved.targets[0]!.seedIndex).toBe(0);
    expect(resolved.selfIndex).toBeCloseTo(1 / 3);
  });

  test('finds its own place in the list', async () => {
    const seeds = parseSeeds(['10.0.0.1:2551', '10.0.0.2:2551', '10.0.0.2:2552'], 'chat');
    const resolved = await resolveSeeds(seeds, self, resolveNothing);
    expect(resolved.selfIndex).toBe(1);
    expect(resolved.targets.map((t) => t.seedIndex)).toEqual([0, 2]);
  });
});

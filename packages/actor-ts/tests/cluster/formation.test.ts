// Nodes become one cluster, in whatever order they start; and find it again after a restart.
import { describe, expect, test } from 'vitest';
import { isOneCluster, Simulation } from './Simulation.ts';

const seeds = ['a', 'b', 'c'];
const orders = ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'].map((order) => order.split(''));

describe('formation', () => {
  test.each(orders)('one cluster within 500 ms of the last start: %s %s %s', (...order) => {
    for (const gapMs of [0, 50, 300, 2000]) {
      const world = new Simulation(gapMs + 7);
      const nodes = order.map((name) => {
        world.run(gapMs);
        return world.start(name, { seeds });
      });
      expect(world.until(() => isOneCluster(nodes))).toBeLessThan(500);
      world.run(5000);
      expect(isOneCluster(nodes)).toBe(true);
      for (const node of nodes) expect(node.eventNames()).not.toContain('SelfRemoved');
    }
  });

  test('waits for a first seed that is late, and says so', () => {
    const world = new Simulation();
    const others = ['b', 'c'].map((name) => world.start(name, { seeds }));
    world.run(8000);
    expect(others.map((n) => n.machine.phaseName)).toEqual(['joining', 'joining']);
    expect(others[0]!.logs.at(-1)).toContain('sys@a:1 refuses connections');
    const nodes = [world.start('a', { seeds }), ...others];
    expect(world.until(() => isOneCluster(nodes))).toBeLessThan(500);
  });

  test('a single node without seeds is up at once', () => {
    const world = new Simulation();
    const node = world.start('a');
    world.until(() => isOneCluster([node]), 100);
    expect(node.eventNames()).toEqual([
      'MemberJoined a:1',
      'MemberUp a:1',
      'LeaderChanged',
      'SelfUp a:1',
    ]);
  });

  test('a first seed that is alone founds a cluster when the others refuse', () => {
    const world = new Simulation();
    const node = world.start('a', { seeds });
    expect(world.until(() => isOneCluster([node]))).toBeLessThan(500);
  });

  test('a first seed whose peers are silent founds only after five seconds', () => {
    const world = new Simulation();
    const silent = ['b', 'c'].map((name) => world.start(name, { seeds }));
    const node = world.start('a', { seeds });
    world.cut([node], silent);
    expect(world.until(() => isOneCluster([node]))).toBeGreaterThan(4900);
  });

  test('ten nodes form one cluster', () => {
    const world = new Simulation();
    const nodes = [...'abcdefghij'].map((name) => world.start(name, { seeds }));
    expect(world.until(() => isOneCluster(nodes))).toBeLessThan(1500);
  });

  test('a join never moves the leader', () => {
    const world = new Simulation();
    const nodes = ['m', 'n'].map((name) => world.start(name, { seeds: ['m'] }));
    world.until(() => isOneCluster(nodes));
    const leader = nodes[0]!.machine.view.leader;
    for (const name of ['a', 'z']) {
      nodes.push(world.start(name, { seeds: ['m'] }));
      world.until(() => isOneCluster(nodes));
    }
    expect(nodes.map((n) => n.machine.view.leader?.node)).toEqual(Array(4).fill(leader?.node));
  });

  test.each(['a', 'b'])(
    'a restart of %s on its address: a new member, the old one is gone',
    (name) => {
      const world = new Simulation();
      const nodes = seeds.map((seed) => world.start(seed, { seeds }));
      world.until(() => isOneCluster(nodes));
      const victim = nodes.find((n) => n.address === `sys@${name}:1`)!;
      world.kill(victim);
      const killedAt = world.now;
      const now = [...nodes.filter((n) => n !== victim), world.start(name, { seeds })];
      expect(world.until(() => isOneCluster(now))).toBeLessThan(1000);
      const [observer] = now;
      expect(observer!.eventNames(killedAt)).toContain(`MemberRemoved ${name}:1`);
      expect(observer!.eventNames()).not.toContain('SelfRemoved');
    },
  );

  test('a founder that is restarted with its own first settings gives way to the others', () => {
    const world = new Simulation();
    const nodes = [world.start('a'), ...['b', 'c'].map((n) => world.start(n, { seeds: ['a'] }))];
    world.until(() => isOneCluster(nodes));
    world.kill(nodes[0]!);
    const now = [world.start('a'), nodes[1]!, nodes[2]!];
    expect(world.until(() => isOneCluster(now))).toBeLessThan(3000);
    expect(now[1]!.eventNames()).not.toContain('SelfRemoved');
    expect(now[2]!.eventNames()).not.toContain('SelfRemoved');
  });
});

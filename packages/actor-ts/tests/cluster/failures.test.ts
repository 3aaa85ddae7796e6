// Nodes die, fall silent, are cut off, leave; the rest goes on and ends as one cluster.
import { describe, expect, test } from 'vitest';
import { KeepOldest, StaticQuorum } from '../../src/cluster/Downing.ts';
import { isOneCluster, type NodeOptions, type SimNode, Simulation } from './Simulation.ts';

const seeds = ['a', 'b', 'c'];

function cluster(names = 'abc', options: NodeOptions = {}, seed = 1) {
  const world = new Simulation(seed);
  const nodes = names.split('').map((name) => world.start(name, { seeds, ...options }));
  world.until(() => isOneCluster(nodes));
  world.run(2000);
  return { world, nodes, at: world.now };
}

describe('a process that is gone', () => {
  test.each([0, 1, 2])('node %i is removed everywhere within a second', (victim) => {
    const { world, nodes, at } = cluster();
    world.kill(nodes[victim]!);
    const rest = nodes.filter((_, i) => i !== victim);
    expect(world.until(() => isOneCluster(rest))).toBeLessThan(1000);
    for (const node of rest) {
      const events = node.eventNames(at).filter((e) => e.includes(`${'abc'[victim]}:1`));
      expect(events).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^MemberDown/),
          expect.stringMatching(/^MemberRemoved/),
        ]),
      );
      expect(events.indexOf(`MemberDown ${'abc'[victim]}:1`)).toBeLessThan(
        events.indexOf(`MemberRemoved ${'abc'[victim]}:1`),
      );
    }
  });

  test.each([0, 1, 2])('node %i is removed as soon when its address goes with it', (victim) => {
    const { world, nodes } = cluster();
    world.kill(nodes[victim]!, { addressLastsMs: 50 });
    const rest = nodes.filter((_, i) => i !== victim);
    expect(world.until(() => isOneCluster(rest))).toBeLessThan(1000);
  });

  test('a live node that refuses one other stays a member, though their connections break', () => {
    const { world, nodes, at } = cluster();
    world.cut([nodes[1]!], [nodes[2]!], 'refusing');
    world.run(2000);
    world.heal();
    expect(world.until(() => isOneCluster(nodes))).toBeLessThan(2000);
    for (const node of nodes) expect(node.eventNames(at).join()).not.toMatch(/Removed|MemberDown/);
  });

  test('a single survivor of three goes on when both others were killed', () => {
    const { world, nodes, at } = cluster();
    world.kill(nodes[0]!);
    world.kill(nodes[1]!);
    expect(world.until(() => isOneCluster([nodes[2]!]))).toBeLessThan(1000);
    expect(nodes[2]!.eventNames(at)).not.toContain('SelfRemoved');
  });

  test('the last survivor of a static quorum gives up', () => {
    const { world, nodes, at } = cluster('abc', { downing: new StaticQuorum({ size: 2 }) });
    world.kill(nodes[0]!);
    world.until(() => isOneCluster([nodes[1]!, nodes[2]!]));
    world.kill(nodes[1]!);
    world.run(2000);
    expect(nodes[2]!.eventNames(at)).toContain('SelfRemoved');
  });
});

describe('a process that is silent', () => {
  test.each([0, 1, 2])('node %i is unreachable after 3 to 4 s and removed within 7 s', (victim) => {
    const { world, nodes, at } = cluster();
    world.pause(nodes[victim]!);
    const rest = nodes.filter((_, i) => i !== victim);
    const took = world.until(() => isOneCluster(rest));
    expect(took).toBeLessThan(7000);
    const unreachable = rest[0]!.timeOf(`MemberUnreachable ${'abc'[victim]}:1`, at) - at;
    expect(unreachable).toBeGreaterThan(2700);
    expect(unreachable).toBeLessThan(4000);
  });

  test.each([0, 1, 2])('node %i that was stopped for 3.5 s stays a member', (victim) => {
    const { world, nodes, at } = cluster();
    world.pause(nodes[victim]!);
    world.run(3500);
    world.resume(nodes[victim]!);
    expect(world.until(() => isOneCluster(nodes))).toBeLessThan(1000);
    world.run(10_000);
    expect(isOneCluster(nodes)).toBe(true);
    for (const node of nodes) expect(node.eventNames(at).join()).not.toMatch(/Removed|MemberDown/);
  });

  test.each([8000, 30_000])('whoever was stopped for %i ms comes back as new', (pauseMs) => {
    for (const victim of [0, 1, 2]) {
      const { world, nodes, at } = cluster();
      world.pause(nodes[victim]!);
      world.run(pauseMs);
      world.resume(nodes[victim]!);
      expect(world.until(() => isOneCluster(nodes))).toBeLessThan(1000);
      nodes.forEach((node, i) => {
        expect(node.eventNames(at).includes('SelfRemoved')).toBe(i === victim);
      });
    }
  });

  test('does not accuse others after its own pause', () => {
    const { world, nodes } = cluster();
    world.pause(nodes[0]!);
    world.run(5000);
    world.resume(nodes[0]!);
    expect(nodes[0]!.eventNames().join()).not.toContain('Unreachable');
  });
});

describe('a partition', () => {
  test.each([0, 1, 2])('node %i alone gives itself up, waits, and comes back', (alone) => {
    const { world, nodes, at } = cluster();
    const others = nodes.filter((_, i) => i !== alone);
    world.cut([nodes[alone]!], others);
    expect(world.until(() => isOneCluster(others))).toBeLessThan(8000);
    world.run(60_000);
    expect(isOneCluster(others)).toBe(true);
    expect(nodes[alone]!.machine.phaseName).toBe('joining');
    world.heal();
    expect(world.until(() => isOneCluster(nodes))).toBeLessThan(2000);
    for (const node of others) expect(node.eventNames(at)).not.toContain('SelfRemoved');
  });

  test('shorter than the stable interval changes nothing', () => {
    const { world, nodes, at } = cluster();
    world.cut([nodes[0]!], nodes.slice(1));
    world.run(4500);
    world.heal();
    world.run(10_000);
    expect(isOneCluster(nodes)).toBe(true);
    for (const node of nodes) expect(node.eventNames(at).join()).not.toMatch(/Removed|MemberDown/);
  });

  test('into two halves: the one with the oldest goes on', () => {
    const { world, nodes } = cluster('abcd');
    const half = (at: (n: SimNode) => boolean) => nodes.filter(at);
    const leader = nodes[0]!.machine.view.leader!.node.address;
    const [mine, other] = [half((n) => n.address <= 'sys@b:1'), half((n) => n.address > 'sys@b:1')];
    const [winner, loser] = mine.some((n) => n.address === leader) ? [mine, other] : [other, mine];
    world.cut(mine, other);
    world.run(20_000);
    expect(isOneCluster(winner)).toBe(true);
    expect(loser.map((n) => n.machine.phaseName)).toEqual(['joining', 'joining']);
    world.heal();
    world.until(() => isOneCluster(nodes));
  });

  test('that refuses instead of dropping splits the cluster, and heals to one', () => {
    for (const alone of [0, 1, 2]) {
      const { world, nodes } = cluster();
      const others = nodes.filter((_, i) => i !== alone);
      world.cut([nodes[alone]!], others, 'refusing');
      world.until(() => isOneCluster(others) && isOneCluster([nodes[alone]!]));
      world.run(10_000);
      world.heal();
      world.until(() => isOneCluster(nodes), 10_000);
      const removed = nodes.filter((n) => n.eventNames().includes('SelfRemoved'));
      expect(removed).toEqual([nodes[alone]]);
    }
  });

  test('of a single link costs one member, not the cluster', () => {
    const { world, nodes, at } = cluster();
    const [leader] = nodes.filter((n) => n.machine.view.leader?.node.uid === n.id.uid);
    const [b, c] = nodes.filter((n) => n !== leader);
    world.cut([b!], [c!]);
    world.until(() => b!.eventNames(at).concat(c!.eventNames(at)).includes('SelfRemoved'), 10_000);
    world.heal();
    world.until(() => isOneCluster(nodes));
    const removed = nodes.filter((n) => n.eventNames(at).includes('SelfRemoved'));
    expect(removed.length).toBe(1);
    expect(removed).not.toContain(leader);
  });

  test('into three single nodes ends in one cluster when it heals', () => {
    const { world, nodes } = cluster();
    const [a, b, c] = nodes as [SimNode, SimNode, SimNode];
    world.cut([a], [b, c]);
    world.cut([b], [c]);
    world.run(20_000);
    expect(nodes.filter((n) => n.machine.phaseName === 'member').length).toBeLessThan(2);
    world.heal();
    world.until(() => isOneCluster(nodes), 10_000);
  });
});

describe('clusters that came into being apart', () => {
  test('merge: the smaller one gives way', () => {
    const world = new Simulation();
    const big = ['a', 'b', 'c'].map((n) => world.start(n, { seeds: ['a', 'x'] }));
    const small = ['x', 'y'].map((n) => world.start(n, { seeds: ['x', 'a'] }));
    world.cut(big, small);
    world.until(() => isOneCluster(big) && isOneCluster(small));
    world.heal();
    world.until(() => isOneCluster([...big, ...small]), 10_000);
    for (const node of big) expect(node.eventNames()).not.toContain('SelfRemoved');
  });

  test('of equal size merge: the younger one gives way', () => {
    const world = new Simulation();
    const older = world.start('a');
    world.run(1000);
    const younger = world.start('b', { seeds: ['b', 'a'] });
    world.cut([older], [younger]);
    world.until(() => isOneCluster([younger]));
    world.heal();
    world.until(() => isOneCluster([older, younger]), 10_000);
    expect(older.eventNames()).not.toContain('SelfRemoved');
  });
});

describe('leaving', () => {
  test.each([0, 1, 2])('node %i leaves without being missed', (leaver) => {
    const { world, nodes, at } = cluster();
    world.leave(nodes[leaver]!);
    const rest = nodes.filter((_, i) => i !== leaver);
    expect(world.until(() => isOneCluster(rest) && nodes[leaver]!.hasLeft)).toBeLessThan(500);
    const name = `${'abc'[leaver]}:1`;
    for (const node of rest) {
      const about = node.eventNames(at).filter((e) => e.endsWith(name));
      expect(about).toEqual([`MemberLeft ${name}`, `MemberRemoved ${name}`]);
    }
    world.run(10_000);
    expect(nodes[leaver]!.machine.phaseName).toBe('ended');
    expect(isOneCluster(rest)).toBe(true);
  });

  test('all at once, and of the last one', () => {
    const { world, nodes } = cluster();
    for (const node of nodes) world.leave(node);
    expect(world.until(() => nodes.every((n) => n.hasLeft))).toBeLessThan(5000);
  });

  test('when nobody answers takes no longer than its time limit', () => {
    const { world, nodes } = cluster();
    world.pause(nodes[0]!);
    world.pause(nodes[1]!);
    world.leave(nodes[2]!);
    expect(world.until(() => nodes[2]!.hasLeft)).toBeLessThan(4000);
  });

  test('while still joining ends at once', () => {
    const world = new Simulation();
    const node = world.start('b', { seeds });
    world.run(500);
    world.leave(node);
    expect(node.hasLeft).toBe(true);
  });
});

describe('downing', () => {
  test('by hand removes a healthy node, which comes back as new', () => {
    const { world, nodes, at } = cluster();
    world.down(nodes[0]!, nodes[2]!);
    world.until(() => nodes[2]!.eventNames(at).includes('SelfRemoved'), 1000);
    world.until(() => isOneCluster(nodes), 3000);
  });

  test('keep-oldest: two nodes go when the oldest is on the other side with a friend', () => {
    const { world, nodes } = cluster('abcde', { downing: new KeepOldest() });
    const oldest = nodes[0]!.machine.view.leader!.node.address;
    const sorted = [...nodes].sort(
      (a, b) => Number(b.address === oldest) - Number(a.address === oldest),
    );
    world.cut(sorted.slice(0, 2), sorted.slice(2));
    world.run(20_000);
    expect(isOneCluster(sorted.slice(0, 2))).toBe(true);
    expect(sorted.slice(2).map((n) => n.machine.phaseName)).toEqual(Array(3).fill('joining'));
  });

  test('a node that joins while another is unreachable is weakly up until that is settled', () => {
    const { world, nodes } = cluster();
    world.pause(nodes[2]!);
    world.run(3900);
    const late = world.start('d', { seeds });
    world.run(400);
    expect(late.members).toContain('sys@d:1 weakly-up');
    world.until(() => isOneCluster([nodes[0]!, nodes[1]!, late]), 6000);
  });
});

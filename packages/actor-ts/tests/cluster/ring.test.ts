// Clusters that are larger than what one node watches: everybody still notices, by gossip.
import { describe, expect, test } from 'vitest';
import { isOneCluster, Simulation } from './Simulation.ts';

const names = [...'abcdefghijkl'];
const seeds = ['a', 'b', 'c'];

function twelve() {
  const world = new Simulation(3);
  const nodes = names.map((name) => world.start(name, { seeds, watchedPeers: 5 }));
  world.until(() => isOneCluster(nodes));
  world.run(3000);
  return { world, nodes, at: world.now };
}

describe('of twelve nodes', () => {
  test('one that was killed is removed everywhere within two seconds', () => {
    const { world, nodes } = twelve();
    world.kill(nodes[5]!);
    const rest = nodes.filter((n) => !n.isDead);
    expect(world.until(() => isOneCluster(rest))).toBeLessThan(2000);
  });

  test('one that is silent is removed everywhere within twelve', () => {
    const { world, nodes } = twelve();
    world.pause(nodes[0]!);
    expect(world.until(() => isOneCluster(nodes.slice(1)))).toBeLessThan(12_000);
    world.resume(nodes[0]!);
    world.until(() => isOneCluster(nodes), 5000);
  });

  test('the smaller side of a split gives up, and comes back', () => {
    const { world, nodes, at } = twelve();
    const [small, large] = [nodes.slice(0, 5), nodes.slice(5)];
    world.cut(small, large);
    world.until(() => isOneCluster(large), 40_000);
    world.until(() => small.every((n) => n.machine.phaseName === 'joining'), 20_000);
    world.heal();
    world.until(() => isOneCluster(nodes), 10_000);
    for (const node of large) expect(node.eventNames(at)).not.toContain('SelfRemoved');
  });

  test('four killed at once are removed, and the rest goes on', () => {
    const { world, nodes, at } = twelve();
    for (const node of nodes.slice(0, 4)) world.kill(node);
    const rest = nodes.slice(4);
    world.until(() => isOneCluster(rest), 20_000);
    for (const node of rest) expect(node.eventNames(at)).not.toContain('SelfRemoved');
  });
});

// Whatever happens to the nodes and their links: when it is over they end as one cluster. And while
// links only drop packets, no two sides of a split both go on.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { isOneCluster, type SimNode, Simulation } from './Simulation.ts';

const names = ['a', 'b', 'c', 'd', 'e'];

type Step =
  | { readonly do: 'kill' | 'restart' | 'pause' | 'resume' | 'down'; readonly node: number }
  | { readonly do: 'cut'; readonly side: number; readonly how: 'silent' | 'refusing' }
  | { readonly do: 'heal' };

const node = fc.nat(names.length - 1);
const anything = fc.oneof(
  fc.record({ do: fc.constantFrom('kill', 'restart', 'pause', 'resume', 'down'), node }),
  fc.record({
    do: fc.constant('cut' as const),
    side: fc.integer({ min: 1, max: 30 }),
    how: fc.constantFrom('silent' as const, 'refusing' as const),
  }),
  fc.record({ do: fc.constant('heal' as const) }),
) as fc.Arbitrary<Step>;
const onlySilence = fc.oneof(
  fc.record({ do: fc.constantFrom('pause', 'resume'), node }),
  fc.record({
    do: fc.constant('cut' as const),
    side: fc.integer({ min: 1, max: 30 }),
    how: fc.constant('silent' as const),
  }),
  fc.record({ do: fc.constant('heal' as const) }),
) as fc.Arbitrary<Step>;

const script = (step: fc.Arbitrary<Step>) =>
  fc.record({
    seed: fc.integer(),
    size: fc.integer({ min: 2, max: names.length }),
    steps: fc.array(fc.tuple(step, fc.integer({ min: 0, max: 9000 })), { maxLength: 12 }),
  });

class Story {
  readonly world: Simulation;
  readonly seeds: readonly string[];
  nodes: SimNode[];

  constructor(seed: number, size: number) {
    this.world = new Simulation(seed);
    this.seeds = names.slice(0, size);
    this.nodes = this.seeds.map((name) => this.world.start(name, { seeds: this.seeds }));
    this.world.until(() => isOneCluster(this.nodes));
  }

  apply(step: Step): void {
    const { world, nodes } = this;
    if (step.do === 'heal') world.heal();
    else if (step.do === 'cut') {
      const inSide = nodes.filter((_, i) => (step.side >> i) & 1);
      world.cut(
        inSide,
        nodes.filter((n) => !inSide.includes(n)),
        step.how,
      );
    } else {
      const index = step.node % nodes.length;
      const target = nodes[index]!;
      if (step.do === 'kill' && !target.isDead) world.kill(target);
      if (step.do === 'restart') this.restart(index);
      if (step.do === 'pause' && !target.isDead) world.pause(target);
      if (step.do === 'resume' && target.isPaused) world.resume(target);
      if (step.do === 'down' && !target.isDead) world.down(nodes[0]!, target);
    }
  }

  end(): void {
    this.world.heal();
    this.nodes.forEach((n, i) => {
      if (n.isDead) this.restart(i);
      else if (n.isPaused) this.world.resume(n);
    });
    this.world.until(() => isOneCluster(this.nodes), 30_000);
  }

  private restart(index: number): void {
    const old = this.nodes[index]!;
    if (!old.isDead) this.world.kill(old);
    this.nodes[index] = this.world.start(this.seeds[index]!, { seeds: this.seeds });
  }
}

/** Left two halves of one cluster that counted as one age: neither gave way, and both asked ever more. */
const HALVES_OF_ONE_AGE = {
  seed: 0,
  size: 5,
  steps: [
    [{ do: 'kill', node: 1 }, 0],
    [{ do: 'pause', node: 0 }, 3227],
    [{ do: 'cut', side: 25, how: 'refusing' }, 3064],
    [{ do: 'pause', node: 3 }, 5701],
  ] as [Step, number][],
};

describe('after chaos', () => {
  test('all nodes end in one cluster', () => {
    fc.assert(
      fc.property(script(anything), ({ seed, size, steps }) => {
        const story = new Story(seed, size);
        for (const [step, pauseMs] of steps) {
          story.apply(step);
          story.world.run(pauseMs);
        }
        story.end();
      }),
      { numRuns: 60, examples: [[HALVES_OF_ONE_AGE]] },
    );
  });
});

describe('during a split by silence', () => {
  test('at most one side is left when it has lasted for ten seconds', () => {
    fc.assert(
      fc.property(script(onlySilence), ({ seed, size, steps }) => {
        const story = new Story(seed, size);
        for (const [step, pauseMs] of steps) {
          story.apply(step);
          story.world.run(step.do === 'cut' ? 10_000 + pauseMs : pauseMs);
          const running = story.nodes.filter(goesOn);
          for (const n of running) assertOneSide(step, n, running);
        }
        story.end();
      }),
      { numRuns: 60 },
    );
  });

  // Thawed, `a` hears what c said before it went: that a and b are silent. From there c is the side
  // with one of three, but it is not for a to give c up and go on with the rest.
  test('a leader that was frozen for long and thaws cut off gives itself up', () => {
    const story = new Story(0, 3);
    const [a, b, c] = story.nodes as [SimNode, SimNode, SimNode];
    story.world.pause(a);
    story.world.run(3089);
    story.world.cut([b], [a, c], 'silent');
    story.world.run(10_000);
    story.world.resume(a);
    story.world.cut([a], [b, c], 'silent');
    story.world.run(10_000);
    const running = [a, b, c].filter(goesOn);
    for (const n of running) assertOneSide({ do: 'cut', side: 1, how: 'silent' }, n, running);
  });
});

/** Who has not been up yet has no vote and runs nothing, so it is no side. */
function goesOn({ address, isPaused, machine }: SimNode): boolean {
  const members = [...machine.view.members.values()];
  const me = members.find(({ node }) => node.address === address);
  return !isPaused && machine.phaseName === 'member' && me?.status === 'up';
}

function assertOneSide(step: Step, n: SimNode, running: readonly SimNode[]): void {
  if (step.do !== 'cut') return;
  for (const other of running) {
    if (!n.members.includes(other.address)) {
      throw new Error(`${n.address} [${n.members}] and ${other.address} [${other.members}]`);
    }
  }
}

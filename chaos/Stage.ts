// What a fault can lay hands on.
import type { TestCluster, TestNode } from '../tests/harness/Driver.ts';
import type { Door } from './Door.ts';
import type { Poster } from './Poster.ts';
import type { Random } from './random.ts';

export interface Stage {
  readonly cluster: TestCluster;
  readonly door: Door;
  /** The rooms in which everybody talks. */
  readonly rooms: readonly string[];
  /** Users who post over HTTP. */
  readonly posters: readonly Poster[];
  readonly random: Random;
  /** Tells whoever watches the run. */
  readonly say: (line: string) => void;
  /** The rooms that acked from `node` last. */
  roomsOn(node: string): readonly string[];
}

/** @throws Error when there is no node of this name */
export function nodeNamed({ cluster }: Pick<Stage, 'cluster'>, name: string): TestNode {
  const node = cluster.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`there is no ${name}`);
  return node;
}

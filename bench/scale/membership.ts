// Membership of many nodes in virtual time, on a network that loses nothing: how soon they are one
// cluster, what they say to each other from then on, and how soon a dead one is removed.
import { Packr } from 'msgpackr';
import {
  isOneCluster,
  type SimNode,
  Simulation,
} from '../../packages/actor-ts/tests/cluster/Simulation.ts';

const LOOK_EVERY_MS = 50;
const LIMIT_MS = 120_000;
const REST_MS = 10_000;

export interface MembershipCosts {
  /** Virtual milliseconds from the start of all nodes at once. */
  readonly formedMs: number;
  /** Per node and second, once they are one cluster. */
  readonly messages: number;
  readonly bytes: number;
  /** Milliseconds a node computes per second, its share of the simulated network's work included. */
  readonly busyMs: number;
  /** Bytes of the largest message: the whole state. */
  readonly stateBytes: number;
  /** Virtual milliseconds until nobody counts a killed node any more. */
  readonly removedMs: number;
}

export function membershipOf(count: number): MembershipCosts {
  const world = new Simulation(count);
  const packr = new Packr();
  let [messages, bytes, stateBytes] = [0, 0, 0];
  world.onSend = (message) => {
    const { length } = packr.pack(message);
    messages++;
    bytes += length;
    stateBytes = Math.max(stateBytes, length);
  };
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  const seeds = names.slice(0, 3);
  const nodes = names.map((name) => world.start(name, { seeds }));

  const formedMs = until(world, () => isOneCluster(nodes));
  [messages, bytes] = [0, 0];
  world.run(REST_MS);
  const perNodeAndSecond = (sum: number) => sum / count / (REST_MS / 1000);
  const rest = { messages: perNodeAndSecond(messages), bytes: perNodeAndSecond(bytes) };
  // Without the packing, which the transport does.
  world.onSend = () => {};
  const before = performance.now();
  world.run(REST_MS);
  const busyMs = perNodeAndSecond(performance.now() - before);

  const victim = nodes.at(-1)!;
  world.kill(victim);
  const survivors = nodes.slice(0, -1);
  const removedMs = until(world, () => survivors.every((node) => !counts(node, victim)));
  return { formedMs, ...rest, busyMs, stateBytes, removedMs };
}

function counts(node: SimNode, victim: SimNode): boolean {
  return [...node.machine.view.members.values()].some(
    ({ node: { address } }) => address === victim.address,
  );
}

function until(world: Simulation, isDone: () => boolean): number {
  const began = world.now;
  while (!isDone()) {
    if (world.now - began > LIMIT_MS) throw new Error(`not done after ${LIMIT_MS} ms`);
    world.run(LOOK_EVERY_MS);
  }
  return world.now - began;
}

// A network of membership state machines in virtual time: links that delay, cut or refuse, processes
// that start, stop for a while, or die. Deterministic for a seed, and fast: minutes take milliseconds.
import { ClusterMachine } from '../../src/cluster/ClusterMachine.ts';
import { type DowningStrategy, KeepMajority } from '../../src/cluster/Downing.ts';
import type { ClusterEvent } from '../../src/cluster/events.ts';
import { defaultFailureDetector } from '../../src/cluster/FailureDetector.ts';
import { type NodeId, nodeKey } from '../../src/cluster/Member.ts';
import type { ClusterMessage, Effect } from '../../src/cluster/messages.ts';

type Cut = 'silent' | 'refusing';

export interface NodeOptions {
  seeds?: readonly string[];
  roles?: readonly string[];
  downing?: DowningStrategy;
  watchedPeers?: number;
}

const TICK_MS = 100;
/** More messages at a time come only of answers that beget answers. */
const STORM = 20_000;

/** One process; a restart on the same address is another SimNode. */
export class SimNode {
  readonly address: string;
  readonly options: NodeOptions;
  readonly machine: ClusterMachine;
  readonly events: { readonly at: number; readonly event: ClusterEvent }[] = [];
  readonly logs: string[] = [];
  readonly quarantined = new Set<string>();
  /** By address, the incarnation that this one has a connection with. */
  readonly connections = new Map<string, string>();
  id: NodeId;
  isPaused = false;
  isDead = false;
  hasLeft = false;
  /** What waits for a paused process. */
  readonly pending: (() => void)[] = [];

  constructor(world: Simulation, address: string, options: NodeOptions) {
    this.address = address;
    this.options = options;
    this.id = { address, uid: world.newUid() };
    const settings = {
      roles: options.roles ?? [],
      gossipIntervalMs: 200,
      detector: defaultFailureDetector,
      downing: options.downing ?? new KeepMajority(),
      watchedPeers: options.watchedPeers ?? 20,
      wallNow: () => 1_700_000_000_000 + world.now,
      random: () => world.random(),
    };
    this.machine = new ClusterMachine(this.id, settings, world.now);
  }

  /** `a up, b unreachable`, by address, oldest first. */
  get members(): string {
    const { view } = this.machine;
    return [...view.members.values()]
      .sort((a, b) => a.upNumber - b.upNumber || (a.node.address < b.node.address ? -1 : 1))
      .map(({ node, status }) => {
        const isOut = status !== 'down' && view.unreachable.has(nodeKey(node));
        return `${node.address} ${isOut ? 'unreachable' : status}`;
      })
      .join(', ');
  }

  eventNames(from = 0): string[] {
    return this.events.filter(({ at }) => at >= from).map(({ event }) => nameOf(event));
  }

  timeOf(name: string, from = 0): number {
    const found = this.events.find(({ at, event }) => at >= from && nameOf(event) === name);
    return found?.at ?? Number.NaN;
  }
}

function nameOf(event: ClusterEvent): string {
  const { name } = event.constructor;
  return 'member' in event ? `${name} ${event.member.address}`.replace('sys@', '') : name;
}

export class Simulation {
  now = 0;
  readonly nodes: SimNode[] = [];
  /** Told of every message that is sent. */
  onSend: (message: ClusterMessage) => void = () => {};
  private readonly live = new Map<string, SimNode>();
  private readonly cuts = new Map<string, Cut>();
  private readonly agenda: { at: number; order: number; run: () => void }[] = [];
  private order = 0;
  private uids = 0;
  private randomState: number;

  constructor(seed = 1) {
    this.randomState = seed;
  }

  /** Mulberry32. */
  random(): number {
    this.randomState = (this.randomState + 0x6d2b79f5) | 0;
    let t = Math.imul(this.randomState ^ (this.randomState >>> 15), 1 | this.randomState);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  newUid(): string {
    return `${Math.floor(this.random() * 1e6).toString(36)}-${++this.uids}`;
  }

  // ---- what can happen -------------------------------------------------------------------------

  start(name: string, options: NodeOptions = {}): SimNode {
    const address = `sys@${name}:1`;
    const node = new SimNode(this, address, {
      ...options,
      seeds: options.seeds?.map((seed) => `sys@${seed}:1`) ?? [],
    });
    this.nodes.push(node);
    this.live.set(address, node);
    this.at(this.now + Math.floor(this.random() * 10), () => this.tick(node));
    return node;
  }

  /** SIGKILL: connections close, the port refuses. In a container, only until its address is gone. */
  kill(node: SimNode, { addressLastsMs }: { addressLastsMs?: number } = {}): void {
    node.isDead = true;
    this.live.delete(node.address);
    this.dropConnections(node);
    if (addressLastsMs === undefined) return;
    this.at(this.now + addressLastsMs, () => this.cut([node], this.nodes));
  }

  /** SIGSTOP. */
  pause(node: SimNode): void {
    node.isPaused = true;
  }

  /** SIGCONT: overdue timers run before what waits in the sockets. */
  resume(node: SimNode): void {
    node.isPaused = false;
    this.perform(node, node.machine.tick(this.now));
    for (const run of node.pending.splice(0)) run();
  }

  /** Cuts the links between the two groups: packets vanish, or are refused. */
  cut(groupA: readonly SimNode[], groupB: readonly SimNode[], how: Cut = 'silent'): void {
    for (const a of groupA) {
      for (const b of groupB) {
        this.cuts.set(link(a.address, b.address), how);
        if (how === 'refusing') this.disconnect(a, b);
      }
    }
  }

  heal(): void {
    this.cuts.clear();
  }

  leave(node: SimNode): void {
    this.perform(node, node.machine.leave(this.now));
  }

  down(by: SimNode, target: SimNode): void {
    this.perform(by, by.machine.down(target.address, this.now));
  }

  // ---- time ------------------------------------------------------------------------------------

  run(ms: number): void {
    this.runWhile(() => true, ms);
  }

  /** Runs until `condition` holds and returns the milliseconds that took. @throws after `limitMs` */
  until(condition: () => boolean, limitMs = 30_000): number {
    const start = this.now;
    this.runWhile(() => !condition(), limitMs);
    if (!condition()) {
      const views = this.nodes
        .filter((n) => !n.isDead)
        .map((n) => `${n.address}: ${n.machine.phaseName} [${n.members}] ${n.machine.clusterId}`);
      throw new Error(`after ${limitMs} ms:\n${views.join('\n')}`);
    }
    return this.now - start;
  }

  private runWhile(condition: () => boolean, limitMs: number): void {
    const end = this.now + limitMs;
    while (condition()) {
      if (this.agenda.length > STORM)
        throw new Error(`${this.agenda.length} messages on their way`);
      const next = this.agenda[0];
      if (next === undefined || next.at > end) {
        this.now = end;
        return;
      }
      this.agenda.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
  }

  private at(at: number, run: () => void): void {
    const entry = { at, order: this.order++, run };
    let index = this.agenda.length;
    while (index > 0 && this.agenda[index - 1]!.at > at) index--;
    this.agenda.splice(index, 0, entry);
  }

  /** Runs on `node` soon; a paused process does it when it goes on, a dead one never. */
  private soon(node: SimNode, run: () => void): void {
    this.at(this.now + 1, () => {
      if (node.isDead) return;
      if (node.isPaused) node.pending.push(run);
      else run();
    });
  }

  private tick(node: SimNode): void {
    if (node.isDead) return;
    if (!node.isPaused) this.perform(node, node.machine.tick(this.now));
    this.at(this.now + TICK_MS, () => this.tick(node));
  }

  // ---- the network -----------------------------------------------------------------------------

  private perform(node: SimNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.send(node, effect.to, effect.message);
          break;
        case 'publish':
          node.events.push({ at: this.now, event: effect.event });
          break;
        case 'quarantine':
          node.quarantined.add(nodeKey(effect.node));
          if (node.connections.get(effect.node.address) === effect.node.uid) {
            const peer = this.live.get(effect.node.address);
            if (peer !== undefined) this.disconnect(node, peer);
            node.connections.delete(effect.node.address);
          }
          break;
        case 'pardon':
          node.quarantined.delete(nodeKey(effect.node));
          break;
        case 'renew':
          this.dropConnections(node);
          node.quarantined.clear();
          node.id = { address: node.address, uid: this.newUid() };
          this.perform(node, node.machine.restart(node.id, this.now));
          break;
        case 'resolve-seeds':
          this.soon(node, () => this.resolveSeeds(node));
          break;
        case 'left':
          node.hasLeft = true;
          break;
        case 'log':
          node.logs.push(effect.message);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  private resolveSeeds(node: SimNode): void {
    const seeds = node.options.seeds ?? [];
    const targets = seeds
      .map((address, seedIndex) => ({ address, seedIndex }))
      .filter(({ address }) => address !== node.address);
    const selfIndex = seeds.indexOf(node.address);
    const index = selfIndex < 0 ? null : selfIndex;
    this.perform(node, node.machine.seedsResolved(targets, index, this.now));
  }

  private send(from: SimNode, to: string, message: ClusterMessage): void {
    this.onSend(message);
    const incarnation = from.id.uid;
    this.at(this.now + 1, () => {
      const peer = this.live.get(to);
      const cut = this.cuts.get(link(from.address, to));
      if (from.isDead || from.id.uid !== incarnation || cut === 'silent') return;
      if (peer === undefined || cut === 'refusing') {
        this.soon(from, () => this.perform(from, from.machine.lost(to, 'refused', this.now)));
        return;
      }
      if (!this.connect(from, peer)) return;
      const delayed = structuredClone(message);
      this.soon(peer, () => this.perform(peer, peer.machine.receive(delayed, this.now)));
    });
  }

  /** False when one of the two has removed the other's incarnation; whoever was removed is told. */
  private connect(a: SimNode, b: SimNode): boolean {
    if (a.connections.get(b.address) === b.id.uid) return true;
    // A stopped process completes no handshake: what was sent meanwhile is lost.
    if (b.isPaused) return false;
    const aRefuses = a.quarantined.has(nodeKey(b.id));
    const bRefuses = b.quarantined.has(nodeKey(a.id));
    if (aRefuses) this.soon(b, () => this.perform(b, b.machine.rejected(a.address, this.now)));
    if (bRefuses) this.soon(a, () => this.perform(a, a.machine.rejected(b.address, this.now)));
    if (aRefuses || bRefuses) return false;
    a.connections.set(b.address, b.id.uid);
    b.connections.set(a.address, a.id.uid);
    const [idOfA, idOfB] = [a.id, b.id];
    this.soon(a, () => this.perform(a, a.machine.connected(idOfB, this.now)));
    this.soon(b, () => this.perform(b, b.machine.connected(idOfA, this.now)));
    return true;
  }

  private dropConnections(node: SimNode): void {
    for (const address of [...node.connections.keys()]) {
      const peer = this.live.get(address);
      if (peer !== undefined) this.disconnect(node, peer);
    }
    node.connections.clear();
  }

  private disconnect(a: SimNode, b: SimNode): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (!one.connections.delete(other.address)) continue;
      if (this.cuts.get(link(a.address, b.address)) === 'silent') continue;
      this.soon(one, () => this.perform(one, one.machine.lost(other.address, 'closed', this.now)));
    }
  }
}

function link(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Whether exactly these nodes are one cluster: all up, reachable and agreed upon the leader. */
export function isOneCluster(nodes: readonly SimNode[]): boolean {
  const [first] = nodes;
  const keys = nodes.map((n) => nodeKey(n.id)).sort();
  return nodes.every(({ machine: { view, clusterId } }) => {
    const members = [...view.members.values()];
    return (
      clusterId === first!.machine.clusterId &&
      view.unreachable.size === 0 &&
      members.every((m) => m.status === 'up') &&
      [...view.members.keys()].sort().join() === keys.join() &&
      view.leader?.node.uid === first!.machine.view.leader?.node.uid
    );
  });
}

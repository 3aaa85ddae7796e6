// A cluster of pure coordinators and model regions with a network that delays, cuts and reorders
// between pairs, driven by a tape of numbers, so that a failing run can be shrunk and replayed.
import assert from 'node:assert/strict';
import {
  awaited,
  type CoordinatorState,
  initialState,
  type MemberView,
  settledHomes,
} from '../../src/sharding/CoordinatorState.ts';
import { coordinatorOf } from '../../src/sharding/membership.ts';
import {
  compareEpochs,
  compareGrants,
  type Epoch,
  type Grant,
  type NodeKey,
  type ToCoordinator,
  type ToRegion,
} from '../../src/sharding/messages.ts';
import { loadsOf } from '../../src/sharding/ShardAllocation.ts';
import { step } from '../../src/sharding/ShardCoordinator.ts';

export const NUM_SHARDS = 12;

type Wire =
  | { readonly for: 'region'; readonly message: ToRegion }
  | { readonly for: 'coordinator'; readonly message: ToCoordinator }
  /** Death watch: the sender's region has stopped, or never was. */
  | { readonly for: 'watcher'; readonly node: NodeKey }
  | { readonly for: 'relay'; readonly message: ToCoordinator };

interface Held {
  readonly grant: Grant;
  readonly stopping: boolean;
}

class Node {
  readonly key: NodeKey;
  alive = true;
  view: MemberView[] = [];
  coordinator: CoordinatorState | null = null;
  /** The region: what it promised, is registered with, hosts, knows and waits for. */
  promised: Epoch | null = null;
  registered: Epoch | null = null;
  /** This instance has said what it hosts. */
  reported = false;
  version = 0;
  leaving = false;
  left = false;
  journalAnswers = true;
  readonly held = new Map<number, Held>();
  readonly homes = new Map<number, NodeKey>();
  readonly buffered = new Set<number>();
  /** The region has stopped for good, the node is a member still. */
  withoutRegion = false;

  constructor(key: NodeKey) {
    this.key = key;
  }
}

export class Simulation {
  now = 0;
  readonly nodes = new Map<NodeKey, Node>();
  private readonly links = new Map<string, Wire[]>();
  private joined = 0;

  live(): Node[] {
    return [...this.nodes.values()].filter(({ alive }) => alive);
  }

  // ---- what can happen -------------------------------------------------------------------------

  join(): void {
    const node = new Node(`n@host:${++this.joined}#u${this.joined}`);
    this.nodes.set(node.key, node);
    const existing = this.live().find(({ key, left }) => key !== node.key && !left);
    node.view = existing ? [...existing.view] : [];
    for (const other of this.live()) {
      this.setView(other, [...other.view, { node: node.key, status: 'up', hosts: true }]);
    }
  }

  /** The process is gone; the others learn it one by one, by `learnRemoved`. */
  kill(node: Node): void {
    node.alive = false;
    node.held.clear();
    for (const name of this.links.keys()) if (name.includes(node.key)) this.links.delete(name);
  }

  /** Nobody calls a node leaving before it has handed everything off, or gone before it is. */
  learn(observer: Node, about: NodeKey, what: 'unreachable' | 'up' | 'leaving' | 'removed'): void {
    const subject = this.nodes.get(about)!;
    if (what === 'removed' && subject.alive && !subject.left) return;
    const view = observer.view.filter(({ node }) => what !== 'removed' || node !== about);
    this.setView(
      observer,
      view.map((member) =>
        member.node !== about || what === 'removed' ? member : { ...member, status: what },
      ),
    );
  }

  want(node: Node, shard: number): void {
    if (node.homes.has(shard) || node.held.has(shard) || node.withoutRegion) return;
    node.buffered.add(shard);
    this.tellCoordinator(node, { kind: 'get-homes', node: node.key, shards: [shard] });
  }

  leave(node: Node): void {
    if (node.withoutRegion) return;
    node.leaving = true;
    this.tellCoordinator(node, { kind: 'leave', node: node.key });
  }

  /** The region fails and starts again: its entities are gone, what the node promised is not. */
  restartRegion(node: Node): void {
    node.registered = null;
    node.reported = false;
    node.version = 0;
    node.held.clear();
    node.homes.clear();
    node.buffered.clear();
  }

  /** The region stops for good; coordinators that watch it are told, others when they ask. */
  stopRegion(node: Node): void {
    this.restartRegion(node);
    node.withoutRegion = true;
    for (const { key, coordinator } of this.live()) {
      if (coordinator?.regions.has(node.key)) this.deny(node.key, key);
    }
  }

  private deny(node: NodeKey, to: NodeKey): void {
    this.send(node, to, { for: 'watcher', node });
  }

  tick(ms: number): void {
    this.now += ms;
    for (const node of this.live()) {
      if (node.coordinator !== null) this.coordinate(node, { kind: 'tick' });
      for (const silent of node.coordinator === null ? [] : awaited(node.coordinator)) {
        if (this.nodes.get(silent)!.withoutRegion) this.deny(silent, node.key);
      }
      if (node.withoutRegion) continue;
      const { key, promised } = node;
      if (node.registered === null) {
        this.tellCoordinator(node, { kind: 'announce', node: key, promised });
      } else {
        const { registered: epoch, version, journalAnswers } = node;
        this.tellCoordinator(node, { kind: 'sync', node: key, epoch, version, journalAnswers });
      }
      if (node.leaving && !node.left) this.tellCoordinator(node, { kind: 'leave', node: key });
      const shards = [...node.buffered];
      if (shards.length > 0) this.tellCoordinator(node, { kind: 'get-homes', node: key, shards });
      // Entities of stopping shards have stopped in the meantime.
      for (const [shard, { grant, stopping }] of node.held) {
        if (!stopping) continue;
        node.held.delete(shard);
        this.tellCoordinator(node, { kind: 'shard-stopped', node: key, shard, grant });
      }
    }
  }

  /** A connection breaks. What is under way is lost, but for deaths: watches are made anew. */
  cut(choice: number): void {
    const names = [...this.links.keys()];
    const name = names[choice % Math.max(1, names.length)];
    if (name === undefined || name.split('>')[0] === name.split('>')[1]) return;
    const deaths = this.links.get(name)!.filter((wire) => wire.for === 'watcher');
    if (deaths.length > 0) this.links.set(name, deaths);
    else this.links.delete(name);
  }

  /** Delivers the first message of one link. False when nothing is under way. */
  deliver(choice: number): boolean {
    const names = [...this.links.keys()];
    const name = names[choice % Math.max(1, names.length)];
    if (name === undefined) return false;
    const queue = this.links.get(name)!;
    const wire = queue.shift()!;
    if (queue.length === 0) this.links.delete(name);
    const target = this.nodes.get(name.split('>')[1]!)!;
    if (!target.alive) return true;
    if (wire.for === 'region') this.onRegion(target, wire.message);
    else if (wire.for === 'relay') this.tellCoordinator(target, wire.message);
    else if (target.coordinator === null) return true;
    else if (wire.for === 'watcher') {
      this.coordinate(target, { kind: 'absent', node: wire.node });
    } else {
      this.coordinate(target, wire.message);
      // The shell watches whoever registers, and is told at once when that is dead already.
      const { kind, node } = wire.message;
      if (kind === 'register' && this.nodes.get(node)!.withoutRegion) this.deny(node, target.key);
    }
    return true;
  }

  /** Everybody knows the truth, and everything is delivered, for so long. */
  settle(ms: number): void {
    const truth = this.live()
      .filter(({ left }) => !left)
      .map(({ key, leaving }) => ({
        node: key,
        status: leaving ? ('leaving' as const) : ('up' as const),
        hosts: true,
      }));
    for (const node of this.live()) this.setView(node, truth);
    for (let passed = 0; passed < ms; passed += 250) {
      this.tick(250);
      let guard = 0;
      while (this.deliver(0)) if (++guard > 100_000) throw new Error('messages never end');
    }
  }

  // ---- what must hold --------------------------------------------------------------------------

  /** Shards that two regions host at the same time. */
  doubles(): number[] {
    const seen = new Set<number>();
    const doubles: number[] = [];
    for (const { held } of this.live()) {
      for (const shard of held.keys()) {
        if (seen.has(shard)) doubles.push(shard);
        seen.add(shard);
      }
    }
    return doubles;
  }

  // ---- the machinery ---------------------------------------------------------------------------

  private setView(node: Node, view: MemberView[]): void {
    const before = coordinatorOf(node.view);
    node.view = view;
    const now = coordinatorOf(view);
    if (now === node.key && node.coordinator === null) {
      const settings = { numShards: NUM_SHARDS, rebalanceIntervalMs: 1000 };
      const epoch = { term: (node.promised?.term ?? 0) + 1, node: node.key };
      node.coordinator = initialState(settings, epoch);
    } else if (now !== node.key) node.coordinator = null;
    if (node.coordinator !== null) this.coordinate(node, { kind: 'members', members: view });
    if (now !== before && !node.withoutRegion) {
      node.registered = null;
      const { key, promised } = node;
      this.tellCoordinator(node, { kind: 'announce', node: key, promised });
    }
  }

  private coordinate(node: Node, event: Parameters<typeof step>[1]): void {
    const { state, effects } = step(node.coordinator!, event, this.now);
    node.coordinator = state;
    const counted = loadsOf(settledHomes(state), [...new Set(settledHomes(state).values())]);
    assert.deepEqual(state.loads, counted, 'what each node has, as it is kept and as it is');
    for (const effect of effects) {
      if (effect.kind === 'send') {
        this.send(node.key, effect.to, { for: 'region', message: effect.message });
      }
    }
  }

  private send(from: NodeKey, to: NodeKey, wire: Wire): void {
    const name = `${from}>${to}`;
    const queue = this.links.get(name) ?? [];
    this.links.set(name, queue);
    queue.push(structuredClone(wire));
  }

  private tellCoordinator(node: Node, message: ToCoordinator): void {
    const to = coordinatorOf(node.view);
    if (to !== null) this.send(node.key, to, { for: 'coordinator', message });
  }

  private onRegion(node: Node, message: ToRegion): void {
    const { key } = node;
    if (node.withoutRegion) return;
    if (message.kind === 'hello') {
      if (message.epoch.node !== coordinatorOf(node.view)) return;
      if (node.promised !== null && compareEpochs(node.promised, message.epoch) > 0) {
        this.tellCoordinator(node, { kind: 'announce', node: key, promised: node.promised });
        return;
      }
      node.promised = message.epoch;
      node.reported = true;
      this.tellCoordinator(node, {
        ...{ kind: 'register', node: key, epoch: message.epoch, numShards: NUM_SHARDS },
        ...{ proxy: false, leaving: node.leaving, journalAnswers: node.journalAnswers },
        held: [...node.held].map(([shard, held]) => ({ shard, ...held })),
        wanted: [...new Set([...node.buffered, ...node.homes.keys()])],
      });
      return;
    }
    if (node.promised === null || compareEpochs(message.epoch, node.promised) !== 0) return;
    switch (message.kind) {
      case 'registered':
        if (!node.reported) return;
        node.registered = message.epoch;
        node.version = message.version;
        node.homes.clear();
        for (const [shard, home] of message.homes) this.setHome(node, shard, home);
        break;
      case 'homes':
        if (message.version !== node.version + 1) return;
        node.version++;
        for (const [shard, home] of message.changes) this.setHome(node, shard, home);
        break;
      case 'home-is':
        for (const [shard, home] of message.homes) this.setHome(node, shard, home);
        break;
      case 'host-shard': {
        const held = node.held.get(message.shard);
        if (message.node !== key || held?.stopping) return;
        if (held !== undefined && compareGrants(held.grant, message.grant) > 0) return;
        node.held.set(message.shard, { grant: message.grant, stopping: false });
        const { shard, grant } = message;
        this.tellCoordinator(node, { kind: 'shard-started', node: key, shard, grant });
        break;
      }
      case 'begin-hand-off': {
        const { shard, grant, home } = message;
        node.homes.delete(shard);
        const ready = { kind: 'hand-off-ready', node: key, shard, grant } as const;
        if (home === key) this.tellCoordinator(node, ready);
        else this.send(key, home, { for: 'relay', message: ready });
        break;
      }
      case 'hand-off': {
        const { shard, grant } = message;
        const held = node.held.get(shard);
        if (message.node !== key) return;
        if (held === undefined) {
          this.tellCoordinator(node, { kind: 'shard-stopped', node: key, shard, grant });
        } else if (compareGrants(held.grant, grant) <= 0) {
          node.held.set(shard, { ...held, stopping: true });
        }
        break;
      }
      case 'leave-done':
        if (node.leaving && !node.left) this.goodbye(node);
        break;
    }
  }

  /** All is handed off: only now does the node tell the cluster that it goes, itself first. */
  private goodbye(node: Node): void {
    node.left = true;
    const status = 'leaving' as const;
    const view = node.view.map((m) => (m.node === node.key ? { ...m, status } : m));
    this.setView(node, view);
  }

  private setHome(node: Node, shard: number, home: NodeKey | null): void {
    if (home === null) node.homes.delete(shard);
    else {
      node.homes.set(shard, home);
      node.buffered.delete(shard);
    }
  }

  /** For messages of failing tests. */
  describe(): object {
    return this.live().map(({ key, coordinator, promised, registered, held, homes, buffered }) => ({
      ...{ key, promised, registered, held: [...held.keys()], homes: [...homes] },
      buffered: [...buffered],
      coordinator: coordinator && {
        ...{ epoch: coordinator.epoch, phase: coordinator.phase, awaited: awaited(coordinator) },
        ...{ handOffs: [...coordinator.handOffs], wanted: [...coordinator.wanted] },
      },
    }));
  }
}

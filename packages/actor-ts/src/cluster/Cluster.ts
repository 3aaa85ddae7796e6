// A node's membership in a cluster: the public face, and the shell that gives the protocol (see
// ClusterMachine) its clock, its timer and the network.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { Address, type UniqueAddress } from '../actor/Address.ts';
import { CoordinatedShutdownId, Phases } from '../actor/CoordinatedShutdown.ts';
import { Props } from '../actor/Props.ts';
import type { Cancellable } from '../actor/Scheduler.ts';
import { ActorStateError, ClusterJoinError } from '../errors.ts';
import { fromNullable, type Option } from '../option.ts';
import { Remoting } from '../remote/Remoting.ts';
import { ClusterDaemon, DAEMON_NAME, DAEMON_PATH } from './ClusterDaemon.ts';
import { ClusterMachine } from './ClusterMachine.ts';
import {
  type CheckedClusterOptions,
  type ClusterOptions,
  checkClusterOptions,
} from './ClusterOptions.ts';
import { emptyView, eventsBetween, leaderMember, membersOf } from './ClusterView.ts';
import type { ClusterEvent } from './events.ts';
import { type Member, type NodeId, nodeKey } from './Member.ts';
import type { Effect } from './messages.ts';
import { resolveByDns, resolveNothing, resolveSeeds } from './seeds.ts';

declare module '../actor/ActorSystem.ts' {
  interface ActorSystemParts {
    cluster: Cluster;
  }
}

/** Filled in by the sharding module: `cluster.sharding` is its ClusterSharding. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface ClusterParts {}
export type ShardingOf = ClusterParts extends { sharding: infer S } ? S : never;

export type ClusterListener = (event: ClusterEvent) => void;

const MAX_TICK_MS = 100;
/** In clusters of up to 21 members everybody watches everybody. */
const WATCHED_PEERS = 20;

export class Cluster {
  readonly system: ActorSystem;
  /** @internal */
  readonly remoting: Remoting;
  private readonly options: CheckedClusterOptions;
  private readonly machine: ClusterMachine;
  private readonly listeners = new Set<ClusterListener>();
  private readonly leaveHooks: (() => void | Promise<void>)[] = [];
  private readonly peers = new Map<string, ActorRef>();
  private readonly ticker: Cancellable;
  private readonly queue: Effect[] = [];
  private readonly unsubscribe: (() => void)[];
  /** While `join` waits: looks whether there is an end to it. */
  private afterStep: (() => void) | null = null;
  private isDraining = false;
  private isResolving = false;
  private isStopped = false;
  private leaving: Promise<void> | null = null;
  private markLeft!: () => void;
  private readonly hasLeft = new Promise<void>((resolve) => {
    this.markLeft = resolve;
  });

  /**
   * Binds `host:port`, finds or founds the cluster, and resolves when this node is up (weakly up
   * while another member is unreachable). While it waits it says in the log for whom.
   * @throws OptionsError for a bad option
   * @throws ActorStateError when the system is in a cluster already
   * @throws TransportBindError when the address cannot be had
   * @throws ClusterJoinError when the node leaves or the system ends before it is up
   */
  static async join(system: ActorSystem, options: ClusterOptions): Promise<Cluster> {
    const checked = checkClusterOptions(system.name, options);
    if (system.cluster.isSome) {
      throw new ActorStateError(`system '${system.name}' is in a cluster already`);
    }
    const remoting = await Remoting.start(system, checked.remoting);
    const cluster = new Cluster(system, remoting, checked);
    system.setCluster(cluster);
    cluster.integrateShutdown();
    await cluster.untilUp();
    return cluster;
  }

  private constructor(system: ActorSystem, remoting: Remoting, options: CheckedClusterOptions) {
    this.system = system;
    this.remoting = remoting;
    this.options = options;
    const settings = {
      ...options,
      watchedPeers: WATCHED_PEERS,
      wallNow: () => Date.now(),
      random: () => Math.random(),
    };
    this.machine = new ClusterMachine(this.node, settings, this.now);
    this.unsubscribe = [
      remoting.onConnected((peer) => this.run(this.machine.connected(toNode(peer), this.now))),
      remoting.onLost((peer, evidence) => {
        this.run(this.machine.lost(peer.toString(), evidence, this.now));
      }),
      remoting.onRejected((peer, reason, by) => {
        if (reason !== 'quarantined' || by !== 'them') return;
        this.run(this.machine.rejected(peer.toString(), this.now));
      }),
    ];
    const daemon = Props.create(
      () =>
        new ClusterDaemon(
          (message) => this.run(this.machine.receive(message, this.now)),
          () => this.stop(),
        ),
    );
    system.spawnSystem(daemon, DAEMON_NAME);
    const intervalMs = Math.min(MAX_TICK_MS, options.gossipIntervalMs);
    this.ticker = system.scheduler.scheduleRepeatedly(0, intervalMs, () => {
      this.run(this.machine.tick(this.now));
    });
  }

  /** This node's current incarnation. */
  get self(): UniqueAddress {
    return this.remoting.self;
  }

  get selfAddress(): Address {
    return this.remoting.self.address;
  }

  /** All members that have not been removed, oldest first; empty while this node is not one itself. */
  getMembers(): Member[] {
    return membersOf(this.machine.view);
  }

  /** Members that are up and reachable, oldest first. */
  upMembers(): Member[] {
    return this.getMembers().filter((member) => member.status === 'up');
  }

  /** Members of any status that answer, oldest first. */
  reachableMembers(): Member[] {
    return this.getMembers().filter(
      (member) => member.status !== 'unreachable' && member.status !== 'down',
    );
  }

  /** The oldest member that is up and reachable: a join never changes it. */
  leader(): Option<Member> {
    return fromNullable(leaderMember(this.machine.view));
  }

  get isLeader(): boolean {
    return this.leader().exists(({ uid }) => uid === this.self.uid);
  }

  /**
   * Tells `listener` the present state as events, at once, and from then on every change. The
   * listener runs inside the change: what it stops is stopped before anything else happens.
   * @returns ends the subscription
   */
  subscribe(listener: ClusterListener): () => void {
    this.listeners.add(listener);
    const { view, node } = this.machine;
    for (const event of eventsBetween(emptyView, view, nodeKey(node))) this.tell(listener, event);
    return () => this.listeners.delete(listener);
  }

  /**
   * Leaves for good: runs the hooks (sharding hands its shards off), tells the others, and resolves
   * when they know or have had their time. A later call returns the first one's promise.
   */
  leave(): Promise<void> {
    this.leaving ??= this.runLeave();
    return this.leaving;
  }

  /** Gives the members at `address` up by hand; whoever lives there comes back as a new member. */
  down(address: Address | string): void {
    this.run(this.machine.down(address.toString(), this.now));
  }

  /** The node's sharding. */
  get sharding(): ShardingOf {
    return Cluster.shardingOf(this);
  }

  /** @internal `hook` runs before this node leaves, side by side with the others. */
  onLeave(hook: () => void | Promise<void>): void {
    this.leaveHooks.push(hook);
  }

  /** @internal The actor at `path` on the node at `address`, whoever that is at the moment. */
  peer(address: Address, path: string): ActorRef {
    return this.remoting.refFor(address, path);
  }

  /** @internal */
  publish(event: ClusterEvent): void {
    for (const listener of [...this.listeners]) this.tell(listener, event);
  }

  /** @internal Set by the sharding module, so that this one need not know it. */
  static shardingOf: (cluster: Cluster) => ShardingOf = () => {
    throw new ActorStateError('the sharding module has not been loaded: import it from actor-ts');
  };

  private get now(): number {
    return this.system.scheduler.now();
  }

  private get node(): NodeId {
    return toNode(this.remoting.self);
  }

  // ---- effects ---------------------------------------------------------------------------------

  /** In order, also when a listener causes further effects. */
  private run(effects: readonly Effect[]): void {
    this.queue.push(...effects);
    if (this.isDraining) return;
    this.isDraining = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
        this.perform(next);
      }
    } finally {
      this.isDraining = false;
    }
    this.afterStep?.();
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        if (!this.isStopped) this.daemonAt(effect.to).tell(effect.message);
        break;
      case 'publish':
        this.publish(effect.event);
        break;
      case 'quarantine':
        this.remoting.nodeRemoved(toUniqueAddress(effect.node));
        break;
      case 'pardon':
        this.remoting.pardon(toUniqueAddress(effect.node));
        break;
      case 'renew':
        this.remoting.renew();
        this.run(this.machine.restart(this.node, this.now));
        break;
      case 'resolve-seeds':
        void this.resolveSeeds();
        break;
      case 'left':
        this.ticker.cancel();
        this.markLeft();
        break;
      case 'log':
        this.system.log[effect.level](
          { node: this.selfAddress.toString(), ...effect.fields },
          effect.message,
        );
        break;
      default:
        effect satisfies never;
    }
  }

  private daemonAt(address: string): ActorRef {
    let ref = this.peers.get(address);
    if (ref === undefined) {
      ref = this.remoting.refFor(Address.parse(address), DAEMON_PATH);
      if (this.peers.size >= 1000) this.peers.clear();
      this.peers.set(address, ref);
    }
    return ref;
  }

  private async resolveSeeds(): Promise<void> {
    if (this.isResolving) return;
    this.isResolving = true;
    const resolve = this.options.remoting.transport === undefined ? resolveByDns : resolveNothing;
    const { targets, selfIndex } = await resolveSeeds(
      this.options.seeds,
      this.selfAddress,
      resolve,
    );
    this.isResolving = false;
    if (!this.isStopped) this.run(this.machine.seedsResolved(targets, selfIndex, this.now));
  }

  private tell(listener: ClusterListener, event: ClusterEvent): void {
    try {
      listener(event);
    } catch (error) {
      const name = event.constructor.name;
      this.system.log.error({ err: error, event: name }, 'a cluster listener failed');
    }
  }

  // ---- beginning and end -----------------------------------------------------------------------

  private untilUp(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.afterStep = () => {
        if (this.isUp) resolve();
        else if (this.isStopped || this.machine.phaseName === 'ended') {
          reject(new ClusterJoinError('this node left, or its system ended, before it was up'));
        } else return;
        this.afterStep = null;
      };
      this.afterStep();
    });
  }

  private get isUp(): boolean {
    const { view, node } = this.machine;
    const status = view.members.get(nodeKey(node))?.status;
    return status === 'up' || status === 'weakly-up';
  }

  private integrateShutdown(): void {
    const shutdown = this.system.extension(CoordinatedShutdownId);
    shutdown.addTask(Phases.ClusterLeave, 'leave the cluster', () => this.leave());
  }

  private async runLeave(): Promise<void> {
    const results = await Promise.allSettled(this.leaveHooks.map(async (hook) => hook()));
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      this.system.log.error({ err: result.reason }, 'a task before leaving the cluster failed');
    }
    if (this.isStopped) return;
    this.run(this.machine.leave(this.now));
    await this.hasLeft;
  }

  /** The system ends, with or without a farewell. */
  private stop(): void {
    this.isStopped = true;
    this.ticker.cancel();
    for (const end of this.unsubscribe) end();
    this.markLeft();
    this.afterStep?.();
  }
}

function toNode({ address, uid }: UniqueAddress): NodeId {
  return { address: address.toString(), uid };
}

function toUniqueAddress({ address, uid }: NodeId): UniqueAddress {
  return { address: Address.parse(address), uid };
}

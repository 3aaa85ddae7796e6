// The actor at /system/management. For readers of its own node it asks all other nodes for their hops;
// to nodes that have readers it sends its own, in batches. Without readers it does nothing.
import { Actor } from '../actor/Actor.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import { Terminated } from '../actor/messages.ts';
import { TraceHop } from '../actor/Trace.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { MemberReachable, MemberUp } from '../cluster/events.ts';
import { HopBatch } from './HopBatch.ts';
import type { HopRelay } from './HopRelay.ts';
import { HopsSeen, NodeInfo, UnwatchHops, WatchHops } from './relayMessages.ts';
import { toText } from './toText.ts';

const path = '/system/management';
/** Milliseconds that hops are gathered before they are sent. */
const gatherMs = 50;
/** Milliseconds between two rounds of asking: a node that was not asked, or has forgotten it, is late by that. */
const askAgainMs = 2000;

export const listenersChanged = Symbol('listeners changed');
const askAll = Symbol('ask all');
const gather = Symbol('gather');
const flush = Symbol('flush');

export class HopRelayActor extends Actor {
  private readonly clusterNode: Cluster;
  private readonly relay: HopRelay;
  /** Relays of nodes with readers, each watched: it is forgotten when its node is removed. */
  private readonly watchers = new Map<string, ActorRef>();
  private readonly batch = new HopBatch();
  private stopHops: (() => void) | null = null;
  private stopMembers: (() => void) | null = null;

  constructor(cluster: Cluster, relay: HopRelay) {
    super();
    this.clusterNode = cluster;
    this.relay = relay;
  }

  override preStart(): void {
    this.followListeners();
  }

  override postStop(): void {
    this.stopHops?.();
    this.stopMembers?.();
  }

  override onReceive(message: unknown): void {
    if (message === gather) this.context.timers.startSingleTimer(flush, flush, gatherMs);
    else if (message === flush) this.flush();
    else if (message instanceof HopsSeen) this.onHops(message);
    else if (message instanceof NodeInfo) for (const one of this.relay.listeners) one.node(message);
    else if (message instanceof WatchHops) this.sender.forEach((peer) => this.addWatcher(peer));
    else if (message instanceof UnwatchHops) this.sender.forEach((peer) => this.drop(peer));
    else if (message instanceof Terminated) this.drop(message.actor);
    else if (message === listenersChanged) this.followListeners();
    else if (message === askAll) this.tellOthers(new WatchHops());
    else this.unhandled(message);
  }

  // ---- this node reads -------------------------------------------------------------------------

  private followListeners(): void {
    const wanted = this.relay.listeners.size > 0;
    if (wanted === (this.stopMembers !== null)) return;
    if (wanted) {
      // The replay of the present members asks them all.
      this.stopMembers = this.clusterNode.subscribe((event) => {
        if (event instanceof MemberUp || event instanceof MemberReachable) this.self.tell(askAll);
      });
      this.context.timers.startTimerWithFixedDelay(askAll, askAll, askAgainMs);
    } else {
      this.stopMembers?.();
      this.stopMembers = null;
      this.context.timers.cancel(askAll);
      this.tellOthers(new UnwatchHops());
    }
  }

  private onHops({ address, hops, lost }: HopsSeen): void {
    // A node that goes on has not heard that nobody reads any more.
    if (this.relay.listeners.size === 0) {
      this.sender.forEach((peer) => peer.tell(new UnwatchHops(), this.self));
    }
    for (const listener of this.relay.listeners) listener.hops(address, hops, lost);
  }

  private tellOthers(message: WatchHops | UnwatchHops): void {
    if (message instanceof WatchHops && this.relay.listeners.size === 0) return;
    const { self } = this.clusterNode;
    for (const { address, uid, status } of this.clusterNode.getMembers()) {
      if (uid === self.uid || status === 'down' || status === 'unreachable') continue;
      this.clusterNode.peer(address, path).tell(message, this.self);
    }
  }

  // ---- other nodes read ------------------------------------------------------------------------

  private addWatcher(peer: ActorRef): void {
    peer.tell(this.relay.self(this.clusterNode), this.self);
    if (this.system.trace === null || this.watchers.has(keyOf(peer))) return;
    this.context.watch(peer);
    this.watchers.set(keyOf(peer), peer);
    this.stopHops ??= this.system.eventStream.subscribe<TraceHop>((hop) => this.add(hop), TraceHop);
  }

  private drop(peer: ActorRef): void {
    if (!this.watchers.delete(keyOf(peer))) return;
    this.context.unwatch(peer);
    if (this.watchers.size > 0) return;
    this.stopHops?.();
    this.stopHops = null;
    this.batch.take();
  }

  private add(hop: TraceHop): void {
    if (this.batch.isEmpty) this.self.tell(gather);
    this.batch.add(toText(hop));
  }

  private flush(): void {
    if (this.batch.isEmpty) return;
    const { hops, lost } = this.batch.take();
    // One object for all, so that it is encoded once.
    const seen = new HopsSeen(this.clusterNode.selfAddress.toString(), hops, lost);
    for (const watcher of this.watchers.values()) watcher.tell(seen, this.self);
  }
}

function keyOf(ref: ActorRef): string {
  return `${ref.path}#${ref.path.uid}`;
}

// The actor at /system/pubsub: takes subscriptions and publishes, and delivers.
import { Actor } from '../actor/Actor.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import { Terminated } from '../actor/messages.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { type ClusterEvent, SelfRemoved, ShardMapChanged } from '../cluster/events.ts';
import type { NodeId } from '../cluster/Member.ts';
import { InterestExchange } from './InterestExchange.ts';
import type { AckAndTarget, MediatorState } from './MediatorState.ts';
import {
  CurrentTopics,
  GetTopics,
  Publish,
  Subscribe,
  SubscribeAck,
  Unsubscribe,
  UnsubscribeAck,
  UnsubscribeAll,
} from './messages.ts';
import type { PendingAck } from './PendingAcks.ts';
import { Delivery, InterestMessage } from './protocol.ts';

export interface MediatorSettings {
  /** Milliseconds between two digests to each node. */
  readonly digestIntervalMs: number;
  /** Milliseconds after which a SubscribeAck no longer waits for a node that does not answer. */
  readonly ackTimeoutMs: number;
}

/** Changes of topics are sent once what lies in the mailbox has been handled, in one message. */
const announce = Symbol('announce');
const membersChanged = Symbol('members changed');
const digestRound = Symbol('digest round');

class PeerConnected {
  readonly node: NodeId;

  constructor(node: NodeId) {
    this.node = node;
  }
}

export class Mediator extends Actor {
  private readonly clusterNode: Cluster;
  private readonly state: MediatorState;
  private readonly settings: MediatorSettings;
  private readonly exchange: InterestExchange;
  private readonly detach: (() => void)[] = [];
  private announcing = false;
  private reconciling = false;

  constructor(cluster: Cluster, state: MediatorState, settings: MediatorSettings) {
    super();
    this.clusterNode = cluster;
    this.state = state;
    this.settings = settings;
    this.exchange = new InterestExchange(cluster, state);
  }

  override preStart(): void {
    this.detach.push(
      this.clusterNode.subscribe((event) => this.onClusterEvent(event)),
      this.clusterNode.remoting.onConnected(({ address, uid }) =>
        this.self.tell(new PeerConnected({ address: address.toString(), uid })),
      ),
    );
    this.followMembers();
    this.announceSoon();
    this.context.timers.startTimerWithFixedDelay(
      digestRound,
      digestRound,
      this.settings.digestIntervalMs,
    );
  }

  override postStop(): void {
    for (const detach of this.detach) detach();
  }

  override onReceive(message: unknown): void {
    if (message instanceof Publish) this.publish(message);
    else if (message instanceof Delivery) this.deliver(message.topic, message.message);
    else if (message instanceof Subscribe) this.subscribe(message);
    else if (message instanceof Unsubscribe) this.unsubscribe(message);
    else if (message instanceof UnsubscribeAll) this.unsubscribeAll(message);
    else if (message instanceof Terminated) this.removeSubscriber(message.actor);
    else if (message instanceof GetTopics) this.tellTopics();
    else this.onInternal(message);
  }

  private onInternal(message: unknown): void {
    const { exchange } = this;
    if (message instanceof InterestMessage) exchange.receive(message, this.now());
    else if (message instanceof PeerConnected) exchange.connected(message.node, this.now());
    else if (message === announce) this.announceChanges();
    else if (message === membersChanged) this.followMembers();
    else if (message === digestRound) this.runDigestRound();
    else this.unhandled(message);
    this.sendConfirmedAcks();
  }

  private publish({ topic, message }: Publish): void {
    const { counters, peers, subscriptions } = this.state;
    const interested = peers.interested(topic);
    this.system.trace?.hop('publish', message, { topic, nodes: interested.length });
    counters.published++;
    if (interested.length === 0 && !subscriptions.has(topic)) {
      counters.unheard++;
      return;
    }
    const sender = this.sender.toNullable();
    if (interested.length > 0) {
      // One object for all, so that it is encoded once.
      const delivery = new Delivery(topic, message);
      for (const peer of interested) this.exchange.refOf(peer).tell(delivery, sender);
      counters.forwarded += interested.length;
    }
    this.deliver(topic, message);
  }

  private deliver(topic: string, message: unknown): void {
    const sender = this.sender.toNullable();
    for (const subscriber of this.state.subscriptions.subscribers(topic)) {
      this.system.trace?.hop('deliver', message, { topic, actor: subscriber.toString() });
      subscriber.tell(message, sender);
      this.state.counters.delivered++;
    }
  }

  private subscribe(message: Subscribe): void {
    const { topic, ref } = message;
    const { announcements, subscriptions } = this.state;
    const added = subscriptions.add(topic, keyOf(ref), ref);
    if (added.firstOfSubscriber) this.context.watch(ref);
    if (added.firstOfTopic) {
      announcements.add(topic);
      this.announceSoon();
    }
    this.acknowledge(
      { target: this.sender.getOrElse(() => ref), message: new SubscribeAck(message) },
      announcements.versionOf(topic),
    );
  }

  private unsubscribe(message: Unsubscribe): void {
    this.removeSubscription(message.topic, message.ref);
    this.sender.getOrElse(() => message.ref).tell(new UnsubscribeAck(message), this.self);
  }

  private unsubscribeAll(message: UnsubscribeAll): void {
    this.removeSubscriber(message.ref);
    this.sender.getOrElse(() => message.ref).tell(new UnsubscribeAck(message), this.self);
  }

  private removeSubscriber(ref: ActorRef): void {
    for (const topic of this.state.subscriptions.topicsOf(keyOf(ref))) {
      this.removeSubscription(topic, ref);
    }
  }

  private removeSubscription(topic: string, ref: ActorRef): void {
    const removed = this.state.subscriptions.remove(topic, keyOf(ref));
    if (removed.lastOfSubscriber) this.context.unwatch(ref);
    if (removed.lastOfTopic) {
      this.state.announcements.remove(topic);
      this.announceSoon();
    }
  }

  private tellTopics(): void {
    const { peers, subscriptions } = this.state;
    const topics = new Set([...subscriptions.topics(), ...peers.topics()]);
    const answer = new CurrentTopics([...topics].sort());
    this.sender.getOrElse(() => this.system.deadLetters).tell(answer, this.self);
  }

  private acknowledge(ack: AckAndTarget, version: number): void {
    if (version <= this.state.confirmedVersion()) {
      ack.target.tell(ack.message, this.self);
      return;
    }
    const deadline = this.now() + this.settings.ackTimeoutMs;
    const pushedOut = this.state.pendingAcks.push({ ack, version, deadline });
    if (pushedOut !== undefined) this.sendOverdueAcks([pushedOut]);
  }

  private sendConfirmedAcks(): void {
    if (this.state.pendingAcks.size === 0) return;
    const confirmed = this.state.confirmedVersion();
    for (const { ack } of this.state.pendingAcks.takeConfirmed(confirmed)) {
      ack.target.tell(ack.message, this.self);
    }
  }

  private sendOverdueAcks(overdue: readonly PendingAck<AckAndTarget>[]): void {
    if (overdue.length === 0) return;
    const fields = { count: overdue.length, ackTimeoutMs: this.settings.ackTimeoutMs };
    this.log.warn(fields, 'acknowledging subscriptions that a reachable node has not confirmed');
    for (const { ack } of overdue) ack.target.tell(ack.message, this.self);
  }

  private onClusterEvent(event: ClusterEvent): void {
    if (event instanceof ShardMapChanged) return;
    // Out of the cluster: nobody else's topics count, and our own are announced again on return.
    if (event instanceof SelfRemoved) this.state.peers.clear();
    if (this.reconciling) return;
    this.reconciling = true;
    this.self.tell(membersChanged);
  }

  private followMembers(): void {
    this.reconciling = false;
    this.exchange.membersChanged(this.now());
  }

  private announceSoon(): void {
    if (this.announcing) return;
    this.announcing = true;
    this.self.tell(announce);
  }

  private announceChanges(): void {
    this.announcing = false;
    this.exchange.announceChanges();
  }

  private runDigestRound(): void {
    const now = this.now();
    this.state.peers.expire(now - 2 * this.settings.digestIntervalMs);
    this.exchange.exchangeDigests();
    this.sendConfirmedAcks();
    this.sendOverdueAcks(this.state.pendingAcks.takeOverdue(now));
  }

  private now(): number {
    return this.system.scheduler.now();
  }
}

function keyOf(ref: ActorRef): string {
  return `${ref.path}#${ref.path.uid}`;
}

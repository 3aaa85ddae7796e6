// Keeps the nodes' topics in step: changes go out in one hop, gaps and reunions by whole state,
// and a digest now and then finds what got lost.

import type { ActorRef } from '../actor/ActorRef.ts';
import { Address } from '../actor/Address.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import type { Member, NodeId } from '../cluster/Member.ts';
import { chunks } from './Announcements.ts';
import type { MediatorState } from './MediatorState.ts';
import type { Peer, PeerMember } from './PeerTable.ts';
import {
  GetTopicsState,
  type InterestMessage,
  TopicsChanged,
  TopicsConfirmed,
  TopicsDigest,
  TopicsState,
} from './protocol.ts';

/** Characters of topics in one message: far below the smallest useful frame limit. */
const maxMessageChars = 16_384;
/** Every this many digests, nodes taken for having no mediator get one too. */
const silentEvery = 10;

export const mediatorPath = '/system/pubsub';

export class InterestExchange {
  private readonly cluster: Cluster;
  private readonly state: MediatorState;
  private readonly refs = new WeakMap<Peer, ActorRef>();
  private digests = 0;

  constructor(cluster: Cluster, state: MediatorState) {
    this.cluster = cluster;
    this.state = state;
  }

  /** The other node's mediator. */
  refOf(peer: Peer): ActorRef {
    const known = this.refs.get(peer);
    if (known !== undefined) return known;
    const ref = this.mediatorAt(peer.node);
    this.refs.set(peer, ref);
    return ref;
  }

  membersChanged(now: number): void {
    const { self } = this.cluster;
    const others: PeerMember[] = [];
    this.state.joined = false;
    for (const member of this.cluster.getMembers()) {
      if (member.status === 'down' || member.status === 'removed') continue;
      const isSelf = member.uid === self.uid && member.address.equals(self.address);
      if (isSelf) this.state.joined = member.status !== 'joining';
      else others.push(asPeer(member));
    }
    for (const peer of this.state.peers.reconcile(others, now)) this.meet(peer);
  }

  /** A new connection: what was sent before it may be lost, in both directions. */
  connected(node: NodeId, now: number): void {
    const peer = this.state.peers.get(node);
    if (peer === undefined) return;
    this.state.peers.markAsking(peer, now);
    this.meet(peer);
  }

  announceChanges(): void {
    for (const { base, changes } of this.state.announcements.takeUnsent(maxMessageChars)) {
      const message = new TopicsChanged(this.self(), base, changes);
      for (const peer of this.state.peers.all()) {
        if (peer.phase !== 'silent') this.refOf(peer).tell(message);
      }
    }
  }

  /** One round of anti-entropy. */
  exchangeDigests(): void {
    const withSilent = this.digests++ % silentEvery === 0;
    const { version } = this.state.announcements;
    const plain = new TopicsDigest(this.self(), version, false);
    const asksToConfirm = new TopicsDigest(this.self(), version, true);
    const asksForState = new GetTopicsState(this.self());
    for (const peer of this.state.peers.all()) {
      if (peer.phase === 'silent' && !withSilent) continue;
      const ref = this.refOf(peer);
      ref.tell(peer.confirmed < version ? asksToConfirm : plain);
      if (peer.phase === 'asking') ref.tell(asksForState);
    }
  }

  receive(message: InterestMessage, now: number): void {
    // Anyone may ask, also a node that this one has not heard of yet.
    if (message instanceof GetTopicsState) this.sendState(message.from);
    const peer = this.state.peers.get(message.from);
    if (peer === undefined) return;
    if (peer.phase === 'silent') this.askForState(peer, now);
    if (message instanceof TopicsChanged) this.receiveChanges(peer, message, now);
    else if (message instanceof TopicsState) this.receiveState(peer, message);
    else if (message instanceof TopicsDigest) this.receiveDigest(peer, message, now);
    else if (message instanceof TopicsConfirmed && message.of === this.cluster.self.uid) {
      this.state.peers.markConfirmed(peer, message.version);
    }
  }

  private receiveChanges(peer: Peer, { base, changes }: TopicsChanged, now: number): void {
    if (this.state.peers.applyDelta(peer, base, changes) === 'gap') this.askForState(peer, now);
    else this.confirm(peer);
  }

  private receiveState(peer: Peer, state: TopicsState): void {
    if (this.state.peers.applyState(peer, state)) this.confirm(peer);
  }

  private receiveDigest(peer: Peer, { version, confirm }: TopicsDigest, now: number): void {
    if (version !== peer.version) {
      // Also when asked already: it may not have been there yet to hear that.
      this.state.peers.markAsking(peer, now);
      this.refOf(peer).tell(new GetTopicsState(this.self()));
      return;
    }
    this.state.peers.markKnown(peer);
    if (confirm) this.confirm(peer);
  }

  private meet(peer: Peer): void {
    const ref = this.refOf(peer);
    ref.tell(new GetTopicsState(this.self()));
    ref.tell(new TopicsDigest(this.self(), this.state.announcements.version, true));
  }

  private askForState(peer: Peer, now: number): void {
    // Asked already: its next digest has us ask again if the answer got lost.
    if (peer.phase === 'asking') return;
    this.state.peers.markAsking(peer, now);
    this.refOf(peer).tell(new GetTopicsState(this.self()));
  }

  private confirm(peer: Peer): void {
    this.refOf(peer).tell(new TopicsConfirmed(this.self(), peer.node.uid, peer.version));
  }

  private sendState(to: NodeId): void {
    const { announcements, peers } = this.state;
    const peer = peers.get(to);
    const ref = peer === undefined ? this.mediatorAt(to) : this.refOf(peer);
    const runs = chunks(announcements.topics(), (topic) => topic.length, maxMessageChars);
    const parts = runs.length === 0 ? [[]] : runs;
    for (const [part, topics] of parts.entries()) {
      ref.tell(new TopicsState(this.self(), announcements.version, part, parts.length, topics));
    }
  }

  private mediatorAt(node: NodeId): ActorRef {
    return this.cluster.peer(Address.parse(node.address), mediatorPath);
  }

  private self(): NodeId {
    const { address, uid } = this.cluster.self;
    return { address: address.toString(), uid };
  }
}

function asPeer({ address, uid, status }: Member): PeerMember {
  const up = status === 'up' || status === 'weakly-up' || status === 'leaving';
  return { node: { address: address.toString(), uid }, up, reachable: status !== 'unreachable' };
}

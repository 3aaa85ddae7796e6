// A node that is in a cluster: one step of the protocol per call, effects into the outbox. Holds the
// shared state, watches its peers, gossips, acts as leader when it is, and notices when it is out.
import { type ClusterView, emptyView, eventsBetween, viewOf } from './ClusterView.ts';
import { Cutoffs } from './Cutoffs.ts';
import type { DowningStrategy } from './Downing.ts';
import type { FailureDetectorSettings } from './FailureDetector.ts';
import { Farewell } from './Farewell.ts';
import { Gossip } from './Gossip.ts';
import { Heartbeats } from './Heartbeats.ts';
import { isLive, isSameNode, type MemberRecord, type NodeId, nodeKey } from './Member.ts';
import {
  digestOf,
  forgetOldTombstones,
  fromWire,
  liveMembers,
  type MembershipState,
  mergeStates,
  toWire,
  type WireState,
  withStatus,
} from './Membership.ts';
import {
  actingLeader,
  admit,
  compareClusters,
  leaderActions,
  membersAt,
  summaryOf,
} from './MembershipLogic.ts';
import type { ClusterMessage, ClusterMessageOf, ClusterSummary } from './messages.ts';
import type { Outbox } from './Outbox.ts';
import { type Assessment, assess, watchedBy, withOpinion } from './Reachability.ts';
import { SplitWatch } from './SplitWatch.ts';
import { Strangers } from './Strangers.ts';

export interface MemberSettings {
  readonly roles: readonly string[];
  readonly gossipIntervalMs: number;
  readonly detector: FailureDetectorSettings;
  readonly downing: DowningStrategy;
  /** Each member watches so many others that answer. */
  readonly watchedPeers: number;
  /** Milliseconds since 1970. */
  wallNow(): number;
  /** From 0 up to 1. */
  random(): number;
}

export type MemberOutcome =
  /** Out of the cluster; `known` are the addresses to look for it. */
  | { readonly type: 'removed'; readonly reason: string; readonly known: readonly string[] }
  | { readonly type: 'left' };

/** A tick that comes so late means that this very process was stopped or blocked. */
const OWN_PAUSE_MS = 800;
const LEAVE_TIMEOUT_MS = 3000;

export class MemberPhase {
  view: ClusterView = emptyView;
  outcome: MemberOutcome | null = null;
  private readonly self: NodeId;
  private readonly key: string;
  private readonly settings: MemberSettings;
  private readonly out: Outbox;
  private readonly heartbeats: Heartbeats;
  private readonly gossip: Gossip;
  private readonly strangers: Strangers;
  private readonly split: SplitWatch;
  private readonly cutoffs: Cutoffs;
  private state!: MembershipState;
  private assessment!: Assessment;
  private tickedAt: number;
  private gossipedAt: number;
  private leavingSince: number | null = null;
  private farewell: Farewell | null = null;

  constructor(self: NodeId, settings: MemberSettings, out: Outbox, now: number) {
    this.self = self;
    this.key = nodeKey(self);
    this.settings = settings;
    this.out = out;
    this.heartbeats = new Heartbeats(self, settings.detector, out);
    this.gossip = new Gossip(self, out, settings.random);
    this.strangers = new Strangers(self, out);
    this.split = new SplitWatch(self, settings);
    this.cutoffs = new Cutoffs(out);
    this.tickedAt = this.gossipedAt = now;
  }

  /** The first step: `state` has this node as a live member. */
  enter(state: MembershipState, now: number): void {
    this.state = state;
    this.update(now);
    this.flush();
  }

  get summary(): ClusterSummary {
    return summaryOf(this.state, this.view.unreachable);
  }

  get clusterId(): string {
    return this.state.cluster.id;
  }

  tick(now: number): void {
    const gap = now - this.tickedAt;
    this.tickedAt = now;
    if (this.farewell !== null) {
      this.endFarewell(now);
      return;
    }
    if (gap > OWN_PAUSE_MS) {
      this.out.log('warn', `this process stood still for ${Math.round(gap)} ms`);
      this.heartbeats.forgiveAll(now);
      this.split.stoodStill(gap, now);
    }
    this.heartbeats.tick(now);
    this.adoptOpinions(now);
    this.resolveSplit(now, true);
    this.cutoffs.tick(now);
    if (now - this.gossipedAt >= this.settings.gossipIntervalMs) {
      this.gossipedAt = now;
      this.gossip.round(this.state, this.summary, this.reachablePeers());
      this.change(forgetOldTombstones(this.state, this.settings.wallNow()), now);
    }
    if (this.isActingLeader) this.strangers.probe(this.state, this.summary, this.settings, now);
    if (this.leavingSince !== null && now - this.leavingSince >= LEAVE_TIMEOUT_MS) {
      this.sayGoodbye(now);
    }
    this.flush();
  }

  receive(message: ClusterMessage, now: number): void {
    if (this.farewell !== null) {
      if (message.type === 'goodbye-ack') this.farewell.heardBy(message.from);
      this.endFarewell(now);
      return;
    }
    switch (message.type) {
      case 'probe':
      case 'probe-reply':
        this.onProbe(message);
        break;
      case 'join':
        this.onJoin(message, now);
        break;
      case 'heartbeat':
        this.onHeartbeat(message);
        break;
      case 'heartbeat-ack':
        if (this.heartbeats.answered(message.from, now)) this.split.confirmed(message.from);
        else if (!this.knows(message.from)) this.askStranger(message.from);
        this.adoptOpinions(now);
        break;
      case 'welcome':
      case 'goodbye-ack':
        break;
      default:
        // What was meant for an earlier incarnation of this node is void.
        if (message.to === this.self.uid) this.receiveMine(message, now);
    }
    this.resolveSplit(now, false);
    this.flush();
  }

  /** A connection with `node` was made, so whoever was on that address before may be gone. */
  connected(node: NodeId): void {
    this.heartbeats.check(node.address);
    if (!this.knows(node)) this.askStranger(node);
  }

  lost(address: string, evidence: 'refused' | 'closed' | 'unreachable', now: number): void {
    if (this.farewell !== null) {
      for (const { node } of membersAt(this.state, address)) this.farewell.heardBy(node);
      this.endFarewell(now);
      return;
    }
    if (evidence === 'refused') {
      this.heartbeats.refused(address, now);
      this.adoptOpinions(now);
    } else if (evidence === 'closed') {
      this.heartbeats.hungUp(address);
    }
    this.resolveSplit(now, false);
    this.flush();
  }

  /** The node at `address` says that this incarnation has been removed. */
  rejected(address: string, now: number): void {
    if (this.farewell !== null) {
      this.lost(address, 'closed', now);
      return;
    }
    const removedHere = [...this.state.members.values()].filter(
      (m) => m.node.address === address && m.status === 'removed',
    );
    if (membersAt(this.state, address).length > 0 || removedHere.length === 0) {
      this.removed(`${address} says that this node has been removed`);
      return;
    }
    // Each has removed the other: let them talk, so that one of the two clusters can give way.
    for (const { node } of removedHere) this.out.pardon(node);
    this.strangers.probeOne(address, this.summary);
  }

  setSeeds(addresses: readonly string[]): void {
    this.strangers.seeds = addresses;
  }

  leave(now: number): void {
    this.leavingSince ??= now;
    this.change(withStatus(this.state, this.key, 'leaving'), now);
    this.flush();
  }

  /** Gives up whoever lives at `address`. @returns whether there was anybody */
  down(address: string, now: number): boolean {
    const members = membersAt(this.state, address);
    let next = this.state;
    for (const { node } of members) next = withStatus(next, nodeKey(node), 'down');
    this.change(next, now);
    this.flush();
    return members.length > 0;
  }

  // ---- messages ------------------------------------------------------------------------------

  private receiveMine(
    message: ClusterMessageOf<
      'digest' | 'gossip' | 'removed' | 'dissolve' | 'giving-up' | 'goodbye'
    >,
    now: number,
  ): void {
    const { from } = message;
    switch (message.type) {
      case 'digest':
        this.onDigest(message, now);
        return;
      case 'gossip':
        this.onGossip(message, now);
        return;
      case 'removed':
        this.removed(`${from.address} says that this node has been removed`);
        return;
      case 'dissolve':
        if (!this.isLiveHere(from)) return;
        this.removed(`this cluster gives way to the one that ${message.into} is in`, message.into);
        return;
      case 'giving-up':
        if (this.isLosing) this.removed(`this side of the split gives up, as ${from.address} did`);
        return;
      case 'goodbye':
        this.out.send(from.address, { type: 'goodbye-ack', from: this.self, to: from.uid });
        if (message.state.cluster.id === this.clusterId) this.merge(message.state, now);
        return;
      default:
        message satisfies never;
    }
  }

  private onProbe(message: ClusterMessageOf<'probe' | 'probe-reply'>): void {
    const { from, asked, cluster } = message;
    if (message.type === 'probe') {
      const reply = { type: 'probe-reply', from: this.self, asked, cluster: this.summary } as const;
      this.out.send(from.address, reply);
    }
    if (cluster === null || isSameNode(from, this.self)) return;
    if (cluster.id !== this.clusterId) this.settle(cluster, from);
    else if (!this.isLiveHere(from)) this.sendState(from);
  }

  private onJoin({ from, roles }: ClusterMessageOf<'join'>, now: number): void {
    const known = this.state.members.get(nodeKey(from));
    if (known !== undefined && !isLive(known)) {
      this.tellRemoved(from);
      return;
    }
    if (from.address === this.self.address || this.leavingSince !== null) return;
    // Whoever has just left the losing side of a split must not prolong it.
    if (this.isLosing || this.isUnsure) return;
    if (known === undefined) this.out.log('info', `${from.address} joins`);
    this.change(admit(this.state, from, roles), now);
    if (this.outcome !== null) return;
    const state = toWire(this.state);
    this.out.send(from.address, { type: 'welcome', from: this.self, to: from.uid, state });
    this.gossip.sawDigest(from, digestOf(this.state));
  }

  private onHeartbeat({ from }: ClusterMessageOf<'heartbeat'>): void {
    if (this.knows(from) && !this.isLiveHere(from)) this.sendState(from);
    else this.out.send(from.address, { type: 'heartbeat-ack', from: this.self });
  }

  private onDigest(message: ClusterMessageOf<'digest'>, now: number): void {
    const { from, cluster, digest, isQuestion } = message;
    if (cluster.id !== this.clusterId) {
      this.settle(cluster, from);
      return;
    }
    this.gossip.sawDigest(from, digest);
    if (digest !== digestOf(this.state) || !this.isLiveHere(from)) {
      this.sendState(from);
      return;
    }
    if (isQuestion) this.gossip.sendDigest(from, this.state, this.summary, false);
    if (this.isActingLeader) this.update(now);
  }

  private onGossip({ from, cluster, state }: ClusterMessageOf<'gossip'>, now: number): void {
    if (cluster.id !== this.clusterId) {
      this.settle(cluster, from);
      return;
    }
    const sender = this.state.members.get(nodeKey(from));
    const me = state.members.find((m) => isSameNode(m.node, this.self));
    const seesMe = me !== undefined && isLive(me);
    if (sender !== undefined && !isLive(sender)) {
      // It has been removed here. If it does not know, it learns it from the state; if it has
      // removed this node as well, or never knew it, two halves of one cluster have met.
      if (seesMe) this.sendState(from);
      else this.settle(cluster, from);
    } else if (sender === undefined && !seesMe && cluster.leader !== this.summary.leader) {
      this.settle(cluster, from);
    } else {
      // Also of two that have just been admitted by the same leader, and do not know of each other.
      this.merge(state, now, from);
    }
  }

  private merge(wire: WireState, now: number, from?: NodeId): void {
    const theirs = fromWire(wire);
    const merged = mergeStates(this.state, theirs);
    if (from !== undefined) this.gossip.sawDigest(from, digestOf(theirs));
    const isNewHere = digestOf(merged) !== digestOf(this.state);
    const isNewThere = digestOf(merged) !== digestOf(theirs);
    if (!isNewThere) this.gossip.adopted(merged, this.reachablePeers());
    this.change(merged, now);
    if (from === undefined || this.outcome !== null) return;
    if (!isNewThere) this.gossip.sendDigest(from, this.state, this.summary, false);
    else if (!isNewHere) this.sendState(from);
  }

  // ---- two clusters ----------------------------------------------------------------------------

  /** Another cluster, or another half of this one, was met: one of the two gives way. */
  private settle(theirs: ClusterSummary, from: NodeId): void {
    const order = compareClusters(this.summary, theirs);
    if (order > 0) {
      this.dissolve(from);
      return;
    }
    if (this.knows(from) && !this.isLiveHere(from)) {
      this.tellRemoved(from);
      this.cutoffs.add(from, this.tickedAt);
    } else {
      this.askStranger(from);
    }
  }

  /** Someone else than the known member lives there: perhaps in a cluster of its own. */
  private askStranger(node: NodeId): void {
    this.strangers.probeOne(node.address, this.summary);
  }

  private dissolve(other: NodeId): void {
    this.out.log('info', `this cluster gives way to the one that ${other.address} is in`);
    for (const { uid, address } of this.reachablePeers()) {
      const message = { type: 'dissolve', from: this.self, to: uid, into: other.address } as const;
      this.out.send(address, message);
    }
    this.removed(`this cluster gives way to the one that ${other.address} is in`, other.address);
  }

  private tellRemoved(node: NodeId): void {
    this.out.send(node.address, { type: 'removed', from: this.self, to: node.uid });
  }

  // ---- state -----------------------------------------------------------------------------------

  private adoptOpinions(now: number): void {
    let next = this.state;
    const opinions = this.heartbeats.opinions();
    for (const [subject, opinion] of opinions) next = withOpinion(next, this.key, subject, opinion);
    for (const { observer, subject } of this.state.reachability.values()) {
      // No longer watched from here: no accusation from here.
      if (observer === this.key && !opinions.has(subject)) {
        next = withOpinion(next, this.key, subject, 'reachable');
      }
    }
    this.change(next, now);
  }

  private change(next: MembershipState, now: number): void {
    if (next === this.state || this.outcome !== null || this.farewell !== null) return;
    this.state = next;
    this.update(now);
  }

  /** Draws the consequences of a new state: leader actions, events, whom to watch, own fate. */
  private update(now: number): void {
    for (;;) {
      this.assess(now);
      const me = this.state.members.get(this.key);
      if (me === undefined || !isLive(me)) {
        this.removed('this node has been removed');
        return;
      }
      if (!this.isActingLeader || this.isUnsure) break;
      const { unreachable } = this.assessment;
      const next = leaderActions(
        this.state,
        unreachable,
        this.isConverged,
        this.settings.wallNow(),
      );
      if (next === this.state) break;
      this.state = next;
    }
    this.show(now);
    if (this.state.members.get(this.key)?.status === 'exiting') this.sayGoodbye(now);
  }

  private assess(now: number): void {
    this.assessment = assess(this.state, this.key, this.settings.watchedPeers);
    this.split.see(this.assessment, now);
  }

  private show(now: number): void {
    const before = this.view;
    this.view = viewOf(this.state, this.assessment.unreachable);
    const watched = watchedBy(this.key, this.state, this.settings.watchedPeers);
    this.heartbeats.watch(
      watched.map((key) => this.state.members.get(key)!.node),
      now,
    );
    this.out.publish(...eventsBetween(before, this.view, this.key));
    for (const [key, { node, status }] of before.members) {
      if (this.view.members.has(key)) continue;
      if (status === 'leaving' || status === 'exiting') this.cutoffs.add(node, now);
      else this.out.quarantine(node);
    }
  }

  private resolveSplit(now: number, mayJudgeSilence: boolean): void {
    if (this.outcome !== null || this.farewell !== null) return;
    const { down, reason } = this.split.decide(this.state, this.assessment, mayJudgeSilence, now);
    if (down.length === 0) return;
    if (down.includes(this.key)) {
      this.giveUp(down, reason);
      return;
    }
    if (!this.isActingLeader) return;
    let next = this.state;
    for (const key of down) next = withStatus(next, key, 'down');
    const names = down.map((key) => this.state.members.get(key)?.node.address);
    this.out.log('warn', `giving up ${names.join(', ')}: ${reason}`);
    this.change(next, now);
  }

  /** The others of the losing side would reach the same verdict a moment later: it tells them. */
  private giveUp(side: readonly string[], reason: string): void {
    for (const { address, uid } of this.reachablePeers()) {
      if (!side.includes(nodeKey({ address, uid }))) continue;
      this.out.send(address, { type: 'giving-up', from: this.self, to: uid });
    }
    this.removed(`it gave itself up: ${reason}`);
  }

  private flush(): void {
    if (this.outcome !== null || this.farewell !== null) return;
    this.gossip.pushIfChanged(this.state, this.summary, this.reachablePeers());
  }

  // ---- the end ---------------------------------------------------------------------------------

  private removed(reason: string, contact?: string): void {
    if (this.outcome !== null) return;
    const known = liveMembers(this.state).map((m) => m.node.address);
    if (contact !== undefined) known.unshift(contact);
    if (this.leavingSince !== null) this.outcome = { type: 'left' };
    else this.outcome = { type: 'removed', reason, known };
  }

  private sayGoodbye(now: number): void {
    if (this.farewell !== null || this.outcome !== null) return;
    const peers = this.reachablePeers();
    const removedAt = this.settings.wallNow();
    this.state = withStatus(this.state, this.key, 'removed', { removedAt });
    this.farewell = new Farewell(this.self, peers, toWire(this.state), this.out, now);
    this.endFarewell(now);
  }

  private endFarewell(now: number): void {
    if (this.farewell?.isOver(now)) this.outcome = { type: 'left' };
  }

  // ---- small questions -------------------------------------------------------------------------

  private get isActingLeader(): boolean {
    const acting = actingLeader(this.state, this.assessment.unreachable);
    return acting !== null && isSameNode(acting.node, this.self);
  }

  private get isLosing(): boolean {
    return this.split.isLosing(this.state, this.assessment);
  }

  private get isUnsure(): boolean {
    return this.split.isUnsure(this.state);
  }

  /** Whether every member that has a vote has seen this node's state. */
  private get isConverged(): boolean {
    const voters = liveMembers(this.state).filter(
      (m) => m.status !== 'joining' && !isSameNode(m.node, this.self),
    );
    return this.gossip.isSeenByAll(
      this.state,
      voters.map((m) => m.node),
    );
  }

  private knows(node: NodeId): boolean {
    return this.state.members.has(nodeKey(node));
  }

  private isLiveHere(node: NodeId): boolean {
    const member = this.state.members.get(nodeKey(node));
    return member !== undefined && isLive(member);
  }

  private sendState(to: NodeId): void {
    this.gossip.sendState(to, this.state, this.summary);
  }

  private reachablePeers(): NodeId[] {
    return liveMembers(this.state)
      .filter(({ node }: MemberRecord) => !isSameNode(node, this.self))
      .filter(({ node }) => this.assessment.standing.get(nodeKey(node)) !== 'refused')
      .map(({ node }) => node);
  }
}

// How a member's state spreads: pushed at once when it has changed, and compared by digest with one
// other member in every round, so that whoever missed a push gets it a moment later.
import { type NodeId, nodeKey } from './Member.ts';
import { digestOf, type MembershipState, toWire } from './Membership.ts';
import type { ClusterSummary } from './messages.ts';
import type { Outbox } from './Outbox.ts';

/** Up to this many others all of them get every push. */
const SMALL_CLUSTER = 8;
/** In a larger cluster so many random ones get it, those first that are not known to have it. */
const FAN_OUT = 4;

export class Gossip {
  private readonly self: NodeId;
  private readonly out: Outbox;
  private readonly random: () => number;
  /** By node key, the digest that the node was last seen with. */
  private readonly seen = new Map<string, string>();
  private pushed = '';

  constructor(self: NodeId, out: Outbox, random: () => number) {
    this.self = self;
    this.out = out;
    this.random = random;
  }

  /** `from` has said, or shown by its state, that it has `digest`. */
  sawDigest(from: NodeId, digest: string): void {
    this.seen.set(nodeKey(from), digest);
  }

  /** Whether all of `peers` have shown that they have `state`. */
  isSeenByAll(state: MembershipState, peers: readonly NodeId[]): boolean {
    const digest = digestOf(state);
    return peers.every((peer) => this.seen.get(nodeKey(peer)) === digest);
  }

  /** `state` was adopted as it came: in a small cluster its sender has pushed it to all already. */
  adopted(state: MembershipState, peers: readonly NodeId[]): void {
    if (peers.length <= SMALL_CLUSTER) this.pushed = digestOf(state);
  }

  /** Sends `state` to the peers that need it, if it has changed since the last call. */
  pushIfChanged(state: MembershipState, summary: ClusterSummary, peers: readonly NodeId[]): void {
    const digest = digestOf(state);
    if (digest === this.pushed) return;
    this.pushed = digest;
    const known = new Set(peers.map(nodeKey));
    for (const key of this.seen.keys()) if (!known.has(key)) this.seen.delete(key);
    const behind = peers.filter((peer) => this.seen.get(nodeKey(peer)) !== digest);
    const chosen = peers.length <= SMALL_CLUSTER ? behind : this.pick(behind, FAN_OUT);
    for (const peer of chosen) this.sendState(peer, state, summary);
  }

  /** Tells `peer` which state this node has, and may ask the same. */
  sendDigest(
    peer: NodeId,
    state: MembershipState,
    summary: ClusterSummary,
    isQuestion: boolean,
  ): void {
    this.out.send(peer.address, {
      type: 'digest',
      from: this.self,
      to: peer.uid,
      cluster: summary,
      digest: digestOf(state),
      isQuestion,
    });
  }

  /** One round: tells one peer the digest, rather one that is not known to have the same. */
  round(state: MembershipState, summary: ClusterSummary, peers: readonly NodeId[]): void {
    const digest = digestOf(state);
    const behind = peers.filter((peer) => this.seen.get(nodeKey(peer)) !== digest);
    const [peer] = this.pick(behind.length > 0 ? behind : peers, 1);
    if (peer !== undefined) this.sendDigest(peer, state, summary, true);
  }

  sendState(peer: NodeId, state: MembershipState, summary: ClusterSummary): void {
    this.out.send(peer.address, {
      type: 'gossip',
      from: this.self,
      to: peer.uid,
      cluster: summary,
      state: toWire(state),
    });
  }

  private pick(peers: readonly NodeId[], count: number): NodeId[] {
    const rest = [...peers];
    const picked: NodeId[] = [];
    while (picked.length < count && rest.length > 0) {
      picked.push(...rest.splice(Math.floor(this.random() * rest.length), 1));
    }
    return picked;
  }
}

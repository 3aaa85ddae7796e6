// What this node knows of the other mediators: their topics, and how much of ours they have.
import { type NodeId, nodeKey } from '../cluster/Member.ts';
import type { TopicChange } from './Announcements.ts';

/**
 * - `asking`: its state has been asked for. Until it comes the node counts as interested in every
 *   topic, so that nothing published in between is lost.
 * - `known`: its topics are known.
 * - `silent`: never answered; taken for a node without a mediator until it is heard of.
 */
export type PeerPhase = 'asking' | 'known' | 'silent';

export interface Peer {
  readonly key: string;
  readonly node: NodeId;
  readonly phase: PeerPhase;
  readonly topics: ReadonlySet<string>;
  /** Version of `topics`; -1 before the first state. */
  readonly version: number;
  /** The version of our own announcements that it has; -1 for none. */
  readonly confirmed: number;
}

/** A member as the table sees it. */
export interface PeerMember {
  readonly node: NodeId;
  readonly reachable: boolean;
  /** Up: acknowledgements wait for it while it is reachable. */
  readonly up: boolean;
}

interface PeerEntry extends Peer {
  phase: PeerPhase;
  topics: Set<string>;
  version: number;
  confirmed: number;
  reachable: boolean;
  up: boolean;
  askedAt: number;
  /** The parts of a state that have come so far. */
  incoming: { readonly version: number; readonly topics: string[]; parts: number } | null;
}

export class PeerTable {
  private readonly peers = new Map<string, PeerEntry>();
  private readonly byTopic = new Map<string, Set<PeerEntry>>();
  private readonly asking = new Set<PeerEntry>();

  get(node: NodeId): Peer | undefined {
    return this.peers.get(nodeKey(node));
  }

  all(): Iterable<Peer> {
    return this.peers.values();
  }

  /** Topics that at least one other node wants. */
  topics(): Iterable<string> {
    return this.byTopic.keys();
  }

  /** Makes the table hold exactly `members`. Returns those whose state has to be asked for. */
  reconcile(members: readonly PeerMember[], now: number): Peer[] {
    const present = new Set(members.map(({ node }) => nodeKey(node)));
    for (const peer of this.peers.values()) if (!present.has(peer.key)) this.drop(peer);
    const toAsk: Peer[] = [];
    for (const { node, reachable, up } of members) {
      const peer = this.peers.get(nodeKey(node)) ?? this.add(node, now);
      // A node that was cut off has missed what we announced, and we what it did.
      if (reachable && !peer.reachable) {
        this.ask(peer, now);
        toAsk.push(peer);
      }
      peer.reachable = reachable;
      peer.up = up;
    }
    return toAsk;
  }

  clear(): void {
    this.peers.clear();
    this.byTopic.clear();
    this.asking.clear();
  }

  /** Nodes that a message published on `topic` has to go to. */
  interested(topic: string): Peer[] {
    const interested: Peer[] = [...(this.byTopic.get(topic) ?? [])];
    for (const peer of this.asking) if (!peer.topics.has(topic)) interested.push(peer);
    return interested;
  }

  /** The version of our announcements that every reachable node with a mediator has. */
  confirmedByAll(): number {
    let confirmed = Number.POSITIVE_INFINITY;
    for (const peer of this.peers.values()) {
      if (peer.reachable && peer.up && peer.phase !== 'silent') {
        confirmed = Math.min(confirmed, peer.confirmed);
      }
    }
    return confirmed;
  }

  markAsking(peer: Peer, now: number): void {
    this.ask(this.entry(peer), now);
  }

  /** Its version is ours: nothing more to ask. */
  markKnown(peer: Peer): void {
    const entry = this.entry(peer);
    entry.phase = 'known';
    this.asking.delete(entry);
  }

  markConfirmed(peer: Peer, version: number): void {
    const entry = this.entry(peer);
    entry.confirmed = Math.max(entry.confirmed, version);
  }

  /** `gap`: something in between has been missed and the whole state is needed. */
  applyDelta(peer: Peer, base: number, changes: readonly TopicChange[]): 'applied' | 'old' | 'gap' {
    const entry = this.entry(peer);
    if (entry.version >= base + changes.length) return 'old';
    if (entry.version !== base) return 'gap';
    for (const [topic, wanted] of changes) this.setInterest(entry, topic, wanted);
    entry.version = base + changes.length;
    return 'applied';
  }

  /** Returns whether the table now stands at `version` or beyond it. */
  applyState(
    peer: Peer,
    {
      version,
      part,
      parts,
      topics,
    }: { version: number; part: number; parts: number; topics: readonly string[] },
  ): boolean {
    const entry = this.entry(peer);
    if (version < entry.version) return true;
    if (part === 0) entry.incoming = { version, topics: [], parts: 0 };
    const incoming = entry.incoming;
    if (incoming?.version !== version || incoming.parts !== part) return false;
    incoming.topics.push(...topics);
    incoming.parts++;
    if (incoming.parts < parts) return false;
    const wanted = new Set(incoming.topics);
    for (const topic of [...entry.topics])
      if (!wanted.has(topic)) this.setInterest(entry, topic, false);
    for (const topic of wanted) this.setInterest(entry, topic, true);
    entry.version = version;
    entry.incoming = null;
    this.markKnown(entry);
    return true;
  }

  /** Gives up on nodes asked before `askedBefore`. Returns whether there were any. */
  expire(askedBefore: number): boolean {
    let expired = false;
    for (const peer of this.asking) {
      if (peer.askedAt > askedBefore) continue;
      peer.phase = peer.version === -1 ? 'silent' : 'known';
      this.asking.delete(peer);
      expired = true;
    }
    return expired;
  }

  private add(node: NodeId, now: number): PeerEntry {
    const peer: PeerEntry = {
      key: nodeKey(node),
      node,
      phase: 'asking',
      topics: new Set(),
      version: -1,
      confirmed: -1,
      reachable: false,
      up: false,
      askedAt: now,
      incoming: null,
    };
    this.peers.set(peer.key, peer);
    this.asking.add(peer);
    return peer;
  }

  private drop(peer: PeerEntry): void {
    for (const topic of [...peer.topics]) this.setInterest(peer, topic, false);
    this.asking.delete(peer);
    this.peers.delete(peer.key);
  }

  private ask(peer: PeerEntry, now: number): void {
    peer.phase = 'asking';
    peer.askedAt = now;
    this.asking.add(peer);
  }

  private setInterest(peer: PeerEntry, topic: string, wanted: boolean): void {
    const peers = this.byTopic.get(topic) ?? new Set();
    if (wanted) {
      peer.topics.add(topic);
      this.byTopic.set(topic, peers.add(peer));
      return;
    }
    peer.topics.delete(topic);
    peers.delete(peer);
    if (peers.size === 0) this.byTopic.delete(topic);
  }

  private entry(peer: Peer): PeerEntry {
    return peer as PeerEntry;
  }
}

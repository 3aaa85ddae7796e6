// One node's watch over its successors on the ring: sends heartbeats, weighs answers, silence and
// refusals, and says what this node's opinion of each of them is.
import {
  type FailureDetectorSettings,
  forgiven,
  type HeartbeatHistory,
  isSilent,
  startHistory,
  withHeartbeat,
} from './FailureDetector.ts';
import { type NodeId, nodeKey } from './Member.ts';
import type { Outbox } from './Outbox.ts';
import type { Opinion } from './Reachability.ts';

/**
 * Where no connection broke before it, a second refusal this long after the first proves that the
 * process is gone.
 */
const REFUSAL_CONFIRM_MS = 150;

interface Watched {
  readonly node: NodeId;
  history: HeartbeatHistory;
  /** A connection to it was closed by the other end, and it has not answered since. */
  isHungUp: boolean;
  /** First refusal since the last answer. */
  refusedAt: number | null;
  opinion: Opinion;
}

export class Heartbeats {
  private readonly self: NodeId;
  private readonly settings: FailureDetectorSettings;
  private readonly out: Outbox;
  private readonly watched = new Map<string, Watched>();
  private sentAt = Number.NEGATIVE_INFINITY;

  constructor(self: NodeId, settings: FailureDetectorSettings, out: Outbox) {
    this.self = self;
    this.settings = settings;
    this.out = out;
  }

  /** Watches exactly these from now on; newcomers begin with a clean record. */
  watch(nodes: readonly NodeId[], now: number): void {
    const wanted = new Map(nodes.map((node) => [nodeKey(node), node]));
    for (const key of this.watched.keys()) if (!wanted.has(key)) this.watched.delete(key);
    for (const [key, node] of wanted) {
      if (this.watched.has(key)) continue;
      const history = startHistory(this.settings, now);
      this.watched.set(key, {
        node,
        history,
        isHungUp: false,
        refusedAt: null,
        opinion: 'reachable',
      });
    }
  }

  /** By node key, for everybody who is watched. */
  opinions(): ReadonlyMap<string, Opinion> {
    return new Map([...this.watched].map(([key, w]) => [key, w.opinion]));
  }

  tick(now: number): void {
    const isDue = now - this.sentAt >= this.settings.heartbeatIntervalMs;
    if (isDue) this.sentAt = now;
    for (const w of this.watched.values()) {
      if (w.opinion === 'reachable' && isSilent(w.history, this.settings, now))
        w.opinion = 'silent';
      const mustConfirm = w.refusedAt !== null && w.opinion !== 'refused';
      if (isDue || mustConfirm) this.send(w);
    }
  }

  /** This node was stopped for a while: nobody can be blamed for silence during it. */
  forgiveAll(now: number): void {
    for (const w of this.watched.values()) w.history = forgiven(w.history, now);
  }

  /** @returns whether it was an incarnation that is watched */
  answered(from: NodeId, now: number): boolean {
    let isWatched = false;
    for (const w of this.at(from.address)) {
      if (w.node.uid === from.uid) {
        w.history = withHeartbeat(w.history, this.settings, now);
        w.isHungUp = false;
        w.refusedAt = null;
        w.opinion = 'reachable';
        isWatched = true;
      } else if (w.opinion === 'reachable') {
        // Another incarnation lives there: either a new process, which will join and so end this
        // one, or the same process after it found itself removed, which proves nothing about death.
        w.opinion = 'silent';
      }
    }
    return isWatched;
  }

  /**
   * Nobody listens there. Its system has also closed the connection it had: no live node does both.
   * To wait for a second refusal would be to miss it, for a killed container's address is gone with
   * it after some 50 ms, and from then on it is only silent.
   */
  refused(address: string, now: number): void {
    for (const w of this.at(address)) {
      w.refusedAt ??= now;
      if (w.isHungUp || now - w.refusedAt >= REFUSAL_CONFIRM_MS) w.opinion = 'refused';
    }
  }

  hungUp(address: string): void {
    for (const w of this.at(address)) w.isHungUp = true;
    this.check(address);
  }

  /** Asks at once who is there. */
  check(address: string): void {
    for (const w of this.at(address)) this.send(w);
  }

  private at(address: string): Watched[] {
    return [...this.watched.values()].filter((w) => w.node.address === address);
  }

  private send({ node }: Watched): void {
    this.out.send(node.address, { type: 'heartbeat', from: this.self, to: node.uid });
  }
}

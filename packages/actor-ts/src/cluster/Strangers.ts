// Looks for clusters that came into being apart from this one: seeds that are no members, and
// addresses whose nodes were removed, are asked again and again.
import { compareText, type NodeId } from './Member.ts';
import { liveMembers, type MembershipState } from './Membership.ts';
import type { ClusterSummary } from './messages.ts';
import type { Outbox } from './Outbox.ts';

const PROBE_INTERVAL_MS = 1000;
/** Addresses whose node has been gone for more than a minute are asked less often. */
const SLOW_PROBE_INTERVAL_MS = 5000;
const RECENT_MS = 60_000;
/** Of the removed ones only so many, the newest. */
const MAX_REMOVED_PROBED = 16;

export class Strangers {
  seeds: readonly string[] = [];
  private readonly self: NodeId;
  private readonly out: Outbox;
  private probedAt = Number.NEGATIVE_INFINITY;
  private slowlyProbedAt = Number.NEGATIVE_INFINITY;

  constructor(self: NodeId, out: Outbox) {
    this.self = self;
    this.out = out;
  }

  probe(
    state: MembershipState,
    summary: ClusterSummary,
    clock: { wallNow(): number },
    now: number,
  ): void {
    if (now - this.probedAt < PROBE_INTERVAL_MS) return;
    this.probedAt = now;
    const isSlowTurn = now - this.slowlyProbedAt >= SLOW_PROBE_INTERVAL_MS;
    if (isSlowTurn) this.slowlyProbedAt = now;
    this.out.add('resolve-seeds');
    const members = new Set(liveMembers(state).map((m) => m.node.address));
    const oldest = isSlowTurn ? Number.NEGATIVE_INFINITY : clock.wallNow() - RECENT_MS;
    const removed = [...state.members.values()]
      .filter((m) => m.status === 'removed' && m.removedAt >= oldest)
      .sort((a, b) => b.removedAt - a.removedAt || compareText(a.node.uid, b.node.uid))
      .map((m) => m.node.address);
    const newest = [...new Set(removed)].slice(0, MAX_REMOVED_PROBED);
    for (const address of new Set([...this.seeds, ...newest])) {
      if (!members.has(address) && address !== this.self.address) this.probeOne(address, summary);
    }
  }

  probeOne(address: string, cluster: ClusterSummary): void {
    this.out.send(address, { type: 'probe', from: this.self, asked: address, cluster });
  }
}

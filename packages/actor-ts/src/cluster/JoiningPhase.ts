// A node that is not in a cluster: asks its seeds until it has been admitted or may found one.
import {
  decideJoining,
  type JoiningState,
  type SeedTarget,
  startJoining,
  waitingFor,
  withAnswer,
  withJoinSent,
  withRefusal,
  withTargets,
} from './Joining.ts';
import { isLive, type NodeId, nodeKey } from './Member.ts';
import { foundCluster, fromWire, type MembershipState, type WireState } from './Membership.ts';
import { summaryOf } from './MembershipLogic.ts';
import type { ClusterMessage, ClusterSummary } from './messages.ts';
import type { Outbox } from './Outbox.ts';

const PROBE_INTERVAL_MS = 100;
/** Once it has waited for long. */
const SLOW_PROBE_INTERVAL_MS = 250;
const SLOW_AFTER_MS = 10_000;
const RESOLVE_INTERVAL_MS = 1000;
const LOG_INTERVAL_MS = 3000;

export type JoiningOutcome =
  | { readonly type: 'member'; readonly state: MembershipState }
  /** This incarnation has been removed somewhere; only a new one can join. */
  | { readonly type: 'renew' };

export class JoiningPhase {
  readonly known: readonly string[];
  private readonly self: NodeId;
  private readonly roles: readonly string[];
  private readonly wallNow: () => number;
  private readonly out: Outbox;
  private state: JoiningState;
  private probedAt = Number.NEGATIVE_INFINITY;
  private resolvedAt = Number.NEGATIVE_INFINITY;
  private loggedAt: number;

  constructor(
    self: NodeId,
    settings: { roles: readonly string[]; wallNow: () => number },
    out: Outbox,
    known: readonly string[] | null,
    now: number,
  ) {
    this.self = self;
    this.roles = settings.roles;
    this.wallNow = settings.wallNow;
    this.out = out;
    this.known = known ?? [];
    this.state = startJoining(self.address, known, now);
    this.loggedAt = now;
  }

  seedsResolved(
    targets: readonly SeedTarget[],
    selfIndex: number | null,
    now: number,
  ): JoiningOutcome | null {
    const isFirst = this.state.targets === null;
    this.state = withTargets(this.state, targets, selfIndex);
    if (isFirst) this.probe(now);
    return this.decide(now);
  }

  tick(now: number): JoiningOutcome | null {
    const waited = now - this.state.startedAt;
    const interval = waited < SLOW_AFTER_MS ? PROBE_INTERVAL_MS : SLOW_PROBE_INTERVAL_MS;
    if (now - this.resolvedAt >= RESOLVE_INTERVAL_MS) {
      this.resolvedAt = now;
      this.out.add('resolve-seeds');
    }
    if (now - this.probedAt >= interval) this.probe(now);
    if (now - this.loggedAt >= LOG_INTERVAL_MS) {
      this.loggedAt = now;
      this.out.log('info', `not in a cluster yet: ${waitingFor(this.state, now)}`);
    }
    return this.decide(now);
  }

  receive(message: ClusterMessage, now: number): JoiningOutcome | null {
    const { from } = message;
    switch (message.type) {
      case 'probe':
        this.reply(from, message.asked, null);
        // It lives, and has said the same that its answer to a probe would.
        this.state = withAnswer(this.state, from.address, from, message.cluster, now);
        return this.decide(now);
      case 'probe-reply':
        this.state = withAnswer(this.state, message.asked, from, message.cluster, now);
        return this.decide(now);
      case 'welcome':
      case 'gossip':
        return message.to === this.self.uid ? this.welcomed(message.state) : null;
      case 'heartbeat':
        // Meant for the incarnation before this one: the answer tells that it is gone.
        this.out.send(from.address, { type: 'heartbeat-ack', from: this.self });
        return null;
      case 'removed':
        return message.to === this.self.uid ? { type: 'renew' } : null;
      default:
        return null;
    }
  }

  refused(address: string, now: number): JoiningOutcome | null {
    this.state = withRefusal(this.state, address, now);
    return this.decide(now);
  }

  private probe(now: number): void {
    this.probedAt = now;
    for (const asked of this.state.targets?.keys() ?? []) {
      this.out.send(asked, { type: 'probe', from: this.self, asked, cluster: null });
    }
  }

  private decide(now: number): JoiningOutcome | null {
    const decision = decideJoining(this.state, now);
    if (decision.type === 'found') return this.found();
    if (decision.type === 'join') {
      this.state = withJoinSent(this.state, decision.via, now);
      const join = { type: 'join', from: this.self, roles: this.roles } as const;
      this.out.send(decision.via.address, join);
    }
    return null;
  }

  private found(): JoiningOutcome {
    const state = foundCluster(this.self, this.roles, this.wallNow());
    this.out.log('info', `founding a cluster as ${this.self.address}`);
    const summary = summaryOf(state, new Set());
    for (const target of this.state.targets?.values() ?? []) {
      if (target.node !== null) this.reply(target.node, this.self.address, summary);
    }
    return { type: 'member', state };
  }

  private welcomed(wire: WireState): JoiningOutcome | null {
    const state = fromWire(wire);
    const me = state.members.get(nodeKey(this.self));
    return me !== undefined && isLive(me) ? { type: 'member', state } : null;
  }

  private reply(to: NodeId, asked: string, cluster: ClusterSummary | null): void {
    this.out.send(to.address, { type: 'probe-reply', from: this.self, asked, cluster });
  }
}

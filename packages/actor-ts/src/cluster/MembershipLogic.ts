// The decisions about members: admission, what a leader does, which of two clusters stays. Pure.
import type { DowningMember, DowningView } from './Downing.ts';
import { byAge, compareText, isLive, type MemberRecord, type NodeId, nodeKey } from './Member.ts';
import { liveMembers, type MembershipState, withMember, withStatus } from './Membership.ts';
import type { ClusterSummary } from './messages.ts';
import type { Assessment } from './Reachability.ts';

/**
 * `node` asks to become a member. What lived on its address before cannot live any more, so it is
 * down at once.
 */
export function admit(
  state: MembershipState,
  node: NodeId,
  roles: readonly string[],
): MembershipState {
  const key = nodeKey(node);
  if (state.members.has(key)) return state;
  let next = state;
  for (const [otherKey, other] of state.members) {
    if (other.node.address === node.address) next = withStatus(next, otherKey, 'down');
  }
  return withMember(next, { node, roles, status: 'joining', upNumber: 0, removedAt: 0 });
}

/** The oldest member that is up and that this node does not regard as unreachable. */
export function leaderOf(
  state: MembershipState,
  unreachable: ReadonlySet<string>,
): MemberRecord | null {
  const ups = [...state.members].filter(([key, m]) => m.status === 'up' && !unreachable.has(key));
  return ups.map(([, member]) => member).sort(byAge)[0] ?? null;
}

/**
 * Who carries out the leader's actions: the leader, or while nobody is up the member that has come
 * furthest, so that a cluster whose last up member goes is not left without anybody to act.
 */
export function actingLeader(
  state: MembershipState,
  unreachable: ReadonlySet<string>,
): MemberRecord | null {
  const leader = leaderOf(state, unreachable);
  if (leader !== null) return leader;
  const live = liveMembers(state).filter((m) => !unreachable.has(nodeKey(m.node)));
  return live.sort(byAge)[0] ?? null;
}

/**
 * joining → up (weakly-up while somebody is unreachable), leaving → exiting, down → removed.
 * `isConverged`: all members are known to have seen this very state. Nobody is up before that, or a
 * split could count a member on one side that the other has never heard of.
 */
export function leaderActions(
  state: MembershipState,
  unreachable: ReadonlySet<string>,
  isConverged: boolean,
  wallNow: number,
): MembershipState {
  let next = state;
  let lastUp = Math.max(0, ...[...state.members.values()].map((m) => m.upNumber));
  const members = [...state.members].sort(([a], [b]) => compareText(a, b));
  for (const [key, { status }] of members) {
    const isGone = unreachable.has(key);
    if (status === 'down' || (status === 'exiting' && isGone)) {
      next = withStatus(next, key, 'removed', { removedAt: wallNow });
    } else if (status === 'leaving') {
      next = withStatus(next, key, 'exiting');
    } else if (status === 'joining' || status === 'weakly-up') {
      if (unreachable.size > 0) {
        if (!isGone) next = withStatus(next, key, 'weakly-up');
      } else if (isConverged) {
        next = withStatus(next, key, 'up', { upNumber: ++lastUp });
      }
    }
  }
  return next;
}

/**
 * What a downing strategy is asked about. Before the picture is stable only members that are gone
 * may be given up: the silent ones still count as reachable then. A node that cannot be sure of its
 * own membership (`isUnsure`) must not rely on members being gone: they may have removed it before.
 */
export function downingView(
  state: MembershipState,
  assessment: Assessment,
  isStable: boolean,
  isUnsure: boolean,
): DowningView {
  const members = liveMembers(state).map((member): DowningMember => {
    const standing = assessment.standing.get(nodeKey(member.node)) ?? 'reachable';
    if (!isStable && (standing !== 'refused' || isUnsure)) return { member, standing: 'reachable' };
    return { member, standing: standing === 'refused' && isUnsure ? 'silent' : standing };
  });
  return { members };
}

export function summaryOf(
  state: MembershipState,
  unreachable: ReadonlySet<string>,
): ClusterSummary {
  const ups = [...state.members].filter(([key, m]) => m.status === 'up' && !unreachable.has(key));
  const ages = ups.map(([, member]) => member.upNumber);
  const { id, foundedAt } = state.cluster;
  const oldest = Math.min(...ages, Number.MAX_SAFE_INTEGER);
  const leader = actingLeader(state, unreachable)?.node.uid ?? '';
  return { id, foundedAt, ups: ups.length, oldest, leader };
}

/**
 * Below 0: `a` stays and `b` dissolves when they meet. More members up wins, then the one founded
 * first, then the lower id; of two halves of one cluster the one with the older member. Each half counts
 * on by itself, so both may have a member of that age: then who leads decides.
 */
export function compareClusters(a: ClusterSummary, b: ClusterSummary): number {
  return (
    b.ups - a.ups ||
    a.foundedAt - b.foundedAt ||
    compareText(a.id, b.id) ||
    a.oldest - b.oldest ||
    compareText(a.leader, b.leader)
  );
}

/** Live members with that address; more than one only while an old incarnation is going. */
export function membersAt(state: MembershipState, address: string): MemberRecord[] {
  return [...state.members.values()].filter((m) => m.node.address === address && isLive(m));
}

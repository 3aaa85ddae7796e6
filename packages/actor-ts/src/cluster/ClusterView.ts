// A member's picture of its cluster, and the events that lead from one picture to the next. Pure.
import { fromNullable } from '../option.ts';
import {
  type ClusterEvent,
  LeaderChanged,
  MemberDown,
  MemberJoined,
  MemberLeft,
  MemberReachable,
  MemberRemoved,
  MemberUnreachable,
  MemberUp,
  SelfUp,
} from './events.ts';
import { byAge, isLive, type Member, type MemberRecord, nodeKey, toMember } from './Member.ts';
import type { MembershipState } from './Membership.ts';
import { leaderOf } from './MembershipLogic.ts';

export interface ClusterView {
  /** By node key; without removed members. */
  readonly members: ReadonlyMap<string, MemberRecord>;
  readonly unreachable: ReadonlySet<string>;
  readonly leader: MemberRecord | null;
}

export const emptyView: ClusterView = { members: new Map(), unreachable: new Set(), leader: null };

export function viewOf(state: MembershipState, unreachable: ReadonlySet<string>): ClusterView {
  return {
    members: new Map([...state.members].filter(([, m]) => m.status !== 'removed')),
    unreachable,
    leader: leaderOf(state, unreachable),
  };
}

/** Oldest first. */
export function membersOf(view: ClusterView): Member[] {
  const records = [...view.members.values()].sort(byAge);
  return records.map((record) => toMember(record, view.unreachable.has(nodeKey(record.node))));
}

export function leaderMember(view: ClusterView): Member | null {
  return view.leader === null ? null : toMember(view.leader, false);
}

/** What must be told to somebody who knows `before`. Who goes comes first, `SelfUp` last. */
export function eventsBetween(
  before: ClusterView,
  after: ClusterView,
  self: string,
): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  for (const [key, was] of before.members) events.push(...departure(was, after.members.get(key)));
  for (const [key, is] of after.members) {
    const was = before.members.get(key);
    events.push(...arrival(was, is));
    if (!isLive(is)) continue;
    if (after.unreachable.has(key) && !before.unreachable.has(key)) {
      events.push(new MemberUnreachable(toMember(is, true)));
    } else if (before.unreachable.has(key) && !after.unreachable.has(key)) {
      events.push(new MemberReachable(toMember(is, false)));
    }
  }
  const leaderBefore = before.leader === null ? '' : nodeKey(before.leader.node);
  const leaderAfter = after.leader === null ? '' : nodeKey(after.leader.node);
  if (leaderBefore !== leaderAfter) {
    events.push(new LeaderChanged(fromNullable(leaderMember(after))));
  }
  const me = after.members.get(self);
  if (me?.status === 'up' && before.members.get(self)?.status !== 'up') {
    events.push(new SelfUp(toMember(me, false)));
  }
  return events;
}

function departure(was: MemberRecord, is: MemberRecord | undefined): ClusterEvent[] {
  if (is !== undefined && (isLive(is) || !isLive(was))) return [];
  const wasLeaving = was.status === 'leaving' || was.status === 'exiting';
  const events: ClusterEvent[] = [];
  if (isLive(was) && (is !== undefined || !wasLeaving)) {
    events.push(new MemberDown(toMember({ ...was, status: 'down' }, false)));
  }
  if (is === undefined) {
    events.push(new MemberRemoved(toMember({ ...was, status: 'removed' }, false)));
  }
  return events;
}

function arrival(was: MemberRecord | undefined, is: MemberRecord): ClusterEvent[] {
  const member = toMember(is, false);
  const events: ClusterEvent[] = [];
  if (was === undefined) events.push(new MemberJoined(member));
  if (!isLive(is)) {
    if (was === undefined) events.push(new MemberDown(member));
    return events;
  }
  if (is.upNumber > 0 && !(was !== undefined && was.upNumber > 0)) {
    events.push(new MemberUp(member));
  }
  const isLeaving = (m: MemberRecord) => m.status === 'leaving' || m.status === 'exiting';
  if (isLeaving(is) && !(was !== undefined && isLeaving(was))) {
    events.push(new MemberLeft(member));
  }
  return events;
}

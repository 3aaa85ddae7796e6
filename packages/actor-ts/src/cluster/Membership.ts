// The shared state of a cluster, and its merge. The state is a join-semilattice: merge is
// commutative, associative and idempotent, so gossip may arrive in any order, twice, or late.
import { createHash } from 'node:crypto';
import {
  compareText,
  isLive,
  type Lifecycle,
  type MemberRecord,
  type NodeId,
  nodeKey,
  rank,
} from './Member.ts';
import { mergeRecords, type ReachabilityRecord, recordKey } from './Reachability.ts';

/** Tells clusters apart that came into being separately. */
export interface ClusterId {
  /** Incarnation of the founder. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly foundedAt: number;
}

export interface MembershipState {
  readonly cluster: ClusterId;
  /** By node key. Removed members stay for a while as tombstones, so that old gossip cannot revive them. */
  readonly members: ReadonlyMap<string, MemberRecord>;
  readonly reachability: ReadonlyMap<string, ReachabilityRecord>;
}

/** The state as it travels. */
export interface WireState {
  readonly cluster: ClusterId;
  readonly members: readonly MemberRecord[];
  readonly reachability: readonly ReachabilityRecord[];
}

/** More tombstones than this are not kept; the oldest go first. */
export const MAX_TOMBSTONES = 128;
export const TOMBSTONE_TTL_MS = 24 * 60 * 60 * 1000;

/** A cluster of one: its founder is up at once. */
export function foundCluster(
  founder: NodeId,
  roles: readonly string[],
  foundedAt: number,
): MembershipState {
  const member: MemberRecord = { node: founder, roles, status: 'up', upNumber: 1, removedAt: 0 };
  return {
    cluster: { id: founder.uid, foundedAt },
    members: new Map([[nodeKey(founder), member]]),
    reachability: new Map(),
  };
}

export function mergeMembers(a: MemberRecord, b: MemberRecord): MemberRecord {
  const upNumbers = [a.upNumber, b.upNumber].filter((n) => n > 0);
  return {
    node: a.node,
    roles: a.roles,
    status: rank(a.status) >= rank(b.status) ? a.status : b.status,
    upNumber: upNumbers.length === 0 ? 0 : Math.min(...upNumbers),
    removedAt: Math.max(a.removedAt, b.removedAt),
  };
}

/** The least state that is at least `a` and `b`; both must be of the same cluster. */
export function mergeStates(a: MembershipState, b: MembershipState): MembershipState {
  const members = new Map(a.members);
  for (const [key, member] of b.members) {
    const mine = members.get(key);
    members.set(key, mine === undefined ? member : mergeMembers(mine, member));
  }
  const reachability = new Map(a.reachability);
  for (const [key, record] of b.reachability) {
    const mine = reachability.get(key);
    reachability.set(key, mine === undefined ? record : mergeRecords(mine, record));
  }
  return normalise({ cluster: a.cluster, members, reachability });
}

/** Bounds the tombstones, and drops the records of and about nodes that are gone. */
export function normalise(state: MembershipState): MembershipState {
  const tombstones = [...state.members.values()].filter((m) => m.status === 'removed');
  const members = new Map(state.members);
  if (tombstones.length > MAX_TOMBSTONES) {
    const newestFirst = tombstones.sort(
      (a, b) => b.removedAt - a.removedAt || compareText(nodeKey(a.node), nodeKey(b.node)),
    );
    for (const { node } of newestFirst.slice(MAX_TOMBSTONES)) members.delete(nodeKey(node));
  }
  const present = (key: string) => (members.get(key)?.status ?? 'removed') !== 'removed';
  const reachability = new Map(
    [...state.reachability].filter(([, r]) => present(r.observer) && present(r.subject)),
  );
  return { cluster: state.cluster, members, reachability };
}

/** `state` without tombstones older than a day. `wallNow`: milliseconds since 1970. */
export function forgetOldTombstones(state: MembershipState, wallNow: number): MembershipState {
  const expired = (m: MemberRecord) =>
    m.status === 'removed' && m.removedAt < wallNow - TOMBSTONE_TTL_MS;
  if (![...state.members.values()].some(expired)) return state;
  return { ...state, members: new Map([...state.members].filter(([, m]) => !expired(m))) };
}

/** `state` with that member moved on to `status`; the same object when it is there or beyond. */
export function withStatus(
  state: MembershipState,
  key: string,
  status: Lifecycle,
  change: { upNumber?: number; removedAt?: number } = {},
): MembershipState {
  const member = state.members.get(key);
  if (member === undefined || rank(member.status) >= rank(status)) return state;
  const members = new Map(state.members).set(key, { ...member, ...change, status });
  return normalise({ ...state, members });
}

/** Adds a member; the same object when that incarnation is known. */
export function withMember(state: MembershipState, member: MemberRecord): MembershipState {
  const key = nodeKey(member.node);
  if (state.members.has(key)) return state;
  return { ...state, members: new Map(state.members).set(key, member) };
}

/** Neither down nor removed, in no particular order. */
export function liveMembers(state: MembershipState): MemberRecord[] {
  return [...state.members.values()].filter(isLive);
}

const digests = new WeakMap<MembershipState, string>();

/** Equal for states that agree in everything but tombstones. */
export function digestOf(state: MembershipState): string {
  let digest = digests.get(state);
  if (digest === undefined) {
    const lines: string[] = [];
    for (const [key, m] of state.members) {
      if (m.status !== 'removed') lines.push(`${key} ${m.status} ${m.upNumber}`);
    }
    for (const [key, r] of state.reachability) lines.push(`${key} ${r.version} ${r.opinion}`);
    const text = `${state.cluster.id}\n${lines.sort().join('\n')}`;
    digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    digests.set(state, digest);
  }
  return digest;
}

export function toWire(state: MembershipState): WireState {
  return {
    cluster: state.cluster,
    members: [...state.members.values()],
    reachability: [...state.reachability.values()],
  };
}

export function fromWire(wire: WireState): MembershipState {
  return normalise({
    cluster: wire.cluster,
    members: new Map(wire.members.map((m) => [nodeKey(m.node), m])),
    reachability: new Map(wire.reachability.map((r) => [recordKey(r.observer, r.subject), r])),
  });
}

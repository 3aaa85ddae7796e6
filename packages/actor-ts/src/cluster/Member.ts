// Members of a cluster: as the protocol knows them (MemberRecord) and as users see them (Member).
import { Address } from '../actor/Address.ts';

/** One incarnation of one node. `address` is written `system@host:port`. */
export interface NodeId {
  readonly address: string;
  readonly uid: string;
}

/** In the order in which a member passes through them; it never goes back. */
export const LIFECYCLE = [
  'joining',
  'weakly-up',
  'up',
  'leaving',
  'exiting',
  'down',
  'removed',
] as const;
export type Lifecycle = (typeof LIFECYCLE)[number];

/** What users see: `unreachable` stands for any status before `down` while the node does not answer. */
export type MemberStatus = Lifecycle | 'unreachable';

export interface Member {
  readonly address: Address;
  /** Incarnation: a process restarted on the same address is another member. */
  readonly uid: string;
  readonly status: MemberStatus;
  readonly roles: readonly string[];
  /** Age: the leader counts members up from 1; lower is older. 0 before the member is up. */
  readonly upNumber: number;
}

/** A member in the shared state. Only `status`, `upNumber` and `removedAt` ever change, upwards. */
export interface MemberRecord {
  readonly node: NodeId;
  readonly roles: readonly string[];
  readonly status: Lifecycle;
  readonly upNumber: number;
  /** Milliseconds since 1970 when the member was removed, 0 before. */
  readonly removedAt: number;
}

export function nodeKey(node: NodeId): string {
  return `${node.address}#${node.uid}`;
}

export function isSameNode(a: NodeId, b: NodeId): boolean {
  return a.uid === b.uid && a.address === b.address;
}

export function rank(status: Lifecycle): number {
  return LIFECYCLE.indexOf(status);
}

/** Neither down nor removed: still has a say. */
export function isLive(member: MemberRecord): boolean {
  return member.status !== 'down' && member.status !== 'removed';
}

/** Oldest first; who is not up yet counts as youngest. */
export function byAge(a: MemberRecord, b: MemberRecord): number {
  const ageOf = (member: MemberRecord) => member.upNumber || Number.MAX_SAFE_INTEGER;
  return ageOf(a) - ageOf(b) || compareText(nodeKey(a.node), nodeKey(b.node));
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function toMember(record: MemberRecord, unreachable: boolean): Member {
  return {
    address: Address.parse(record.node.address),
    uid: record.node.uid,
    status: unreachable && isLive(record) ? 'unreachable' : record.status,
    roles: record.roles,
    upNumber: record.upNumber,
  };
}

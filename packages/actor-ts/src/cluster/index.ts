// Membership: what applications use of the cluster module.
export { Cluster, type ClusterListener } from './Cluster.ts';
export type { ClusterOptions } from './ClusterOptions.ts';
export {
  type DowningDecision,
  type DowningMember,
  type DowningStrategy,
  type DowningView,
  KeepMajority,
  KeepOldest,
  StaticQuorum,
} from './Downing.ts';
export * from './events.ts';
export type { FailureDetectorOptions } from './FailureDetector.ts';
export type { Lifecycle, Member, MemberRecord, MemberStatus } from './Member.ts';
export { addressTowards } from './ownAddress.ts';

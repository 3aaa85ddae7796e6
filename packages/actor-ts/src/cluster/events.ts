// What `cluster.subscribe` tells its listeners.
import type { Address } from '../actor/Address.ts';
import type { Option } from '../option.ts';
import type { Member } from './Member.ts';

abstract class MemberEvent {
  readonly member: Member;

  constructor(member: Member) {
    this.member = member;
  }
}

/** This node is up. Comes again when the node was removed and has joined anew. */
export class SelfUp extends MemberEvent {}

/**
 * This node is no member any more: stop at once whatever must not run twice. Unless it has left by
 * itself (`left`), it joins again as a new incarnation.
 */
export class SelfRemoved {
  /** In words. */
  readonly reason: string;
  readonly left: boolean;

  constructor(reason: string, left = false) {
    this.reason = reason;
    this.left = left;
  }
}

/** `None`: this node knows of no member that is up and reachable. */
export class LeaderChanged {
  readonly leader: Option<Member>;

  constructor(leader: Option<Member>) {
    this.leader = leader;
  }
}

export class MemberJoined extends MemberEvent {}
export class MemberUp extends MemberEvent {}
/** The member is on its way out, by its own will. */
export class MemberLeft extends MemberEvent {}
export class MemberUnreachable extends MemberEvent {}
export class MemberReachable extends MemberEvent {}
/** The cluster has given the member up; MemberRemoved follows. */
export class MemberDown extends MemberEvent {}
export class MemberRemoved extends MemberEvent {}

/** A shard of `typeName` has another home (`None`: no home for now). Published by sharding. */
export class ShardMapChanged {
  readonly typeName: string;
  readonly shardId: string;
  readonly home: Option<Address>;

  constructor(typeName: string, shardId: string, home: Option<Address>) {
    this.typeName = typeName;
    this.shardId = shardId;
    this.home = home;
  }
}

export type ClusterEvent =
  | SelfUp
  | SelfRemoved
  | LeaderChanged
  | MemberJoined
  | MemberUp
  | MemberLeft
  | MemberUnreachable
  | MemberReachable
  | MemberDown
  | MemberRemoved
  | ShardMapChanged;

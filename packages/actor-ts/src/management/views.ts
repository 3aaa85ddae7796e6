// What the endpoints show of the cluster, as plain JSON values.
import type { Cluster } from '../cluster/Cluster.ts';
import type { Member } from '../cluster/Member.ts';

export interface MemberView {
  readonly address: string;
  readonly status: string;
  readonly roles: readonly string[];
}

export interface MembersView {
  readonly self: string;
  readonly leader: string | null;
  readonly members: readonly MemberView[];
}

export function memberView({ address, status, roles }: Member): MemberView {
  return { address: address.toString(), status, roles: [...roles] };
}

/** `GET /cluster/members`, oldest first. */
export function membersView(cluster: Cluster): MembersView {
  return {
    self: cluster.selfAddress.toString(),
    leader: cluster
      .leader()
      .map((member) => member.address.toString())
      .toNullable(),
    members: cluster.getMembers().map(memberView),
  };
}

/** Why this node cannot serve yet or any more; empty when it can. */
export function reasonsAgainstReady(cluster: Cluster): string[] {
  const { self } = cluster;
  const member = cluster
    .getMembers()
    .find(({ address, uid }) => uid === self.uid && address.equals(self.address));
  if (member === undefined) return ['this node is no member of the cluster'];
  return member.status === 'up' ? [] : [`this node is ${member.status}, not up`];
}

// The part of membership that sharding looks at: who coordinates, and who may host.
import { Address, type UniqueAddress } from '../actor/Address.ts';
import type { Member } from '../cluster/Member.ts';
import type { MemberView } from './CoordinatorState.ts';
import type { NodeKey } from './messages.ts';

export function keyOf(node: UniqueAddress): NodeKey {
  return `${node.address}#${node.uid}`;
}

export function addressOf(node: NodeKey): Address {
  return Address.parse(addressTextOf(node));
}

export function addressTextOf(node: NodeKey): string {
  return node.slice(0, node.lastIndexOf('#'));
}

/** All members that have not been removed, oldest first. */
export function viewOf(members: readonly Member[], role: string | undefined): MemberView[] {
  return [...members]
    .filter(({ status }) => status !== 'removed')
    .sort((a, b) => age(a) - age(b))
    .map((member) => ({
      node: keyOf(member),
      status: member.status,
      hosts: role === undefined || member.roles.includes(role),
    }));
}

/** The oldest member that is up, reachable and has the role; without a role that is the leader. */
export function coordinatorOf(view: readonly MemberView[]): NodeKey | null {
  return view.find(({ status, hosts }) => hosts && status === 'up')?.node ?? null;
}

/** Who is not up yet counts as youngest. */
function age({ upNumber }: Member): number {
  return upNumber === 0 ? Number.MAX_SAFE_INTEGER : upNumber;
}

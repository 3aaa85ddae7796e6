// Shared states as random tests need them.
import fc from 'fast-check';
import { LIFECYCLE, type Lifecycle, type MemberRecord, nodeKey } from '../../src/cluster/Member.ts';
import { type MembershipState, normalise } from '../../src/cluster/Membership.ts';
import { type ReachabilityRecord, recordKey } from '../../src/cluster/Reachability.ts';

const addresses = ['a', 'b', 'c', 'd'];
const uids = ['1', '2'];

export const memberArbitrary: fc.Arbitrary<MemberRecord> = fc
  .record({
    address: fc.constantFrom(...addresses),
    uid: fc.constantFrom(...uids),
    status: fc.constantFrom(...LIFECYCLE),
    upNumber: fc.nat(5),
    removedAt: fc.nat(3),
  })
  .map(({ address, uid, status, upNumber, removedAt }) => ({
    node: { address, uid },
    roles: [`role-of-${address}`],
    status,
    upNumber,
    removedAt: status === 'removed' ? removedAt : 0,
  }));

const keyArbitrary = fc
  .tuple(fc.constantFrom(...addresses), fc.constantFrom(...uids))
  .map(([address, uid]) => nodeKey({ address, uid }));

const recordArbitrary: fc.Arbitrary<ReachabilityRecord> = fc.record({
  observer: keyArbitrary,
  subject: keyArbitrary,
  version: fc.integer({ min: 1, max: 4 }),
  opinion: fc.constantFrom('reachable', 'silent', 'refused'),
});

export const stateArbitrary: fc.Arbitrary<MembershipState> = fc
  .tuple(fc.array(memberArbitrary), fc.array(recordArbitrary))
  .map(([members, records]) => {
    const known = new Map(members.map((m) => [nodeKey(m.node), m]));
    return normalise({
      cluster: { id: 'x', foundedAt: 1 },
      members: known,
      reachability: new Map(
        records
          .filter((r) => r.observer !== r.subject)
          .map((r) => [recordKey(r.observer, r.subject), r]),
      ),
    });
  });

/** A state by hand: `a1 up 1` is incarnation 1 of node a, up, the first to be. */
export function stateOf(
  members: readonly string[],
  accusations: readonly string[] = [],
): MembershipState {
  const records = members.map((text): MemberRecord => {
    const [name, status, upNumber = '0'] = text.split(' ');
    return {
      node: { address: name![0]!, uid: name!.slice(1) },
      roles: [],
      status: status as Lifecycle,
      upNumber: Number(upNumber),
      removedAt: 0,
    };
  });
  const reachability = accusations.map((text): ReachabilityRecord => {
    const [observer, opinion, subject] = text.split(' ');
    return {
      observer: keyOf(observer!),
      subject: keyOf(subject!),
      version: 1,
      opinion: opinion as ReachabilityRecord['opinion'],
    };
  });
  return {
    cluster: { id: 'x', foundedAt: 1 },
    members: new Map(records.map((m) => [nodeKey(m.node), m])),
    reachability: new Map(reachability.map((r) => [recordKey(r.observer, r.subject), r])),
  };
}

/** `a1` → the key of incarnation 1 of node a. */
export function keyOf(name: string): string {
  return nodeKey({ address: name[0]!, uid: name.slice(1) });
}

/** The reverse of `stateOf`'s members. */
export function describeMembers(state: MembershipState): string[] {
  return [...state.members.values()]
    .map((m) => `${m.node.address}${m.node.uid} ${m.status} ${m.upNumber}`)
    .sort();
}

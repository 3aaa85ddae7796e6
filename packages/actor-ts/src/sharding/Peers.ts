// The regions of this type on other nodes, and whether it makes sense to send them anything now.
import type { ActorRef } from '../actor/ActorRef.ts';
import { Address } from '../actor/Address.ts';
import type { MemberView } from './CoordinatorState.ts';
import { addressOf, addressTextOf } from './membership.ts';
import type { NodeKey } from './messages.ts';
import type { TypeRuntime } from './TypeRuntime.ts';

/**
 * So long a broken connection is taken as a sign that the node may be gone. Then it is tried again,
 * unless the cluster has found out more.
 */
const DOUBT_MS = 1000;

interface Peer {
  readonly region: ActorRef;
  readonly coordinator: ActorRef;
  readonly address: string;
}

export class Peers {
  private readonly runtime: TypeRuntime;
  private readonly byNode = new Map<NodeKey, Peer>();
  private unreachable = new Set<NodeKey>();
  /** Address → when its connection broke. */
  private readonly brokenAt = new Map<string, number>();
  private members: readonly MemberView[] = [];

  constructor(runtime: TypeRuntime) {
    this.runtime = runtime;
  }

  update(members: readonly MemberView[]): void {
    this.members = members;
    const isGone = ({ status }: MemberView) => status === 'unreachable' || status === 'down';
    this.unreachable = new Set(members.filter(isGone).map(({ node }) => node));
    const known = new Set(members.map(({ node }) => node));
    for (const node of this.byNode.keys()) if (!known.has(node)) this.byNode.delete(node);
  }

  isMember(node: NodeKey): boolean {
    return this.members.some((member) => member.node === node);
  }

  region(node: NodeKey): ActorRef {
    return this.peer(node).region;
  }

  coordinator(node: NodeKey): ActorRef {
    return this.peer(node).coordinator;
  }

  /** The region at this address, whatever incarnation is there. */
  regionAt(address: string): ActorRef {
    const { cluster, regionName } = this.runtime;
    return cluster.peer(Address.parse(address), `/system/${regionName}`);
  }

  /** Messages wait rather than being sent into a void. */
  isCutOff(node: NodeKey): boolean {
    if (this.unreachable.size === 0 && this.brokenAt.size === 0) return false;
    return this.unreachable.has(node) || this.brokenAt.has(this.peer(node).address);
  }

  /** Regions of all other nodes that answer. */
  others(): ActorRef[] {
    const { self } = this.runtime;
    return this.members
      .filter(({ node }) => node !== self && !this.unreachable.has(node))
      .map(({ node }) => this.region(node));
  }

  // ---- connections -----------------------------------------------------------------------------

  broken(address: string): void {
    this.brokenAt.set(address, this.runtime.system.scheduler.now());
  }

  /** True when it had been broken. */
  connected(address: string): boolean {
    return this.brokenAt.delete(address);
  }

  /** What broke too long ago to mean anything is tried again. */
  endDoubts(): void {
    const time = this.runtime.system.scheduler.now() - DOUBT_MS;
    for (const [address, at] of this.brokenAt) if (at <= time) this.brokenAt.delete(address);
  }

  private peer(node: NodeKey): Peer {
    let peer = this.byNode.get(node);
    if (peer === undefined) {
      const { cluster, regionName, coordinatorName } = this.runtime;
      const address = addressOf(node);
      peer = {
        region: cluster.peer(address, `/system/${regionName}`),
        coordinator: cluster.peer(address, `/system/${coordinatorName}`),
        address: addressTextOf(node),
      };
      this.byNode.set(node, peer);
    }
    return peer;
  }
}

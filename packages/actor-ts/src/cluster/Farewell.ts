// A leaving node's last step: it tells all that it is gone and waits a moment until they have heard.
import { type NodeId, nodeKey } from './Member.ts';
import type { WireState } from './Membership.ts';
import type { Outbox } from './Outbox.ts';

const TIMEOUT_MS = 500;

export class Farewell {
  private readonly since: number;
  private readonly waitingFor: Set<string>;

  constructor(self: NodeId, peers: readonly NodeId[], state: WireState, out: Outbox, now: number) {
    this.since = now;
    this.waitingFor = new Set(peers.map(nodeKey));
    for (const { address, uid } of peers) {
      out.send(address, { type: 'goodbye', from: self, to: uid, state });
    }
  }

  /** `node` has heard it, or is gone itself. */
  heardBy(node: NodeId): void {
    this.waitingFor.delete(nodeKey(node));
  }

  isOver(now: number): boolean {
    return this.waitingFor.size === 0 || now - this.since >= TIMEOUT_MS;
  }
}

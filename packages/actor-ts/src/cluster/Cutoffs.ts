// Removed nodes that may still talk for a moment: one that left hears the answer to its goodbye, one
// that lost against this half of its cluster hears that it has.
import { type NodeId, nodeKey } from './Member.ts';
import type { Outbox } from './Outbox.ts';

const DELAY_MS = 300;

export class Cutoffs {
  private readonly out: Outbox;
  private readonly due = new Map<string, { readonly node: NodeId; readonly at: number }>();

  constructor(out: Outbox) {
    this.out = out;
  }

  add(node: NodeId, now: number): void {
    this.due.set(nodeKey(node), { node, at: now + DELAY_MS });
  }

  tick(now: number): void {
    for (const [key, { node, at }] of this.due) {
      if (now < at) continue;
      this.due.delete(key);
      this.out.quarantine(node);
    }
  }
}

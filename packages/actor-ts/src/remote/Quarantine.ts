// The incarnations that have been removed. Bounded: the oldest are forgotten first, by when their
// processes are long gone.
import type { UniqueAddress } from '../actor/Address.ts';

const MAX_INCARNATIONS = 1000;

export class Quarantine {
  private readonly uids = new Set<string>();

  add(node: UniqueAddress): void {
    this.uids.delete(node.uid);
    this.uids.add(node.uid);
    if (this.uids.size <= MAX_INCARNATIONS) return;
    for (const oldest of this.uids) {
      this.uids.delete(oldest);
      break;
    }
  }

  remove(node: UniqueAddress): void {
    this.uids.delete(node.uid);
  }

  has(node: UniqueAddress): boolean {
    return this.uids.size > 0 && this.uids.has(node.uid);
  }

  clear(): void {
    this.uids.clear();
  }
}

// The ask refs that somebody has named, found again by path. They come and go with every ask to
// another node, so they live in numbered slots that are used again: in a Map, each of its retired
// tables would keep the refs of its time, and all later tables, alive until a full collection.
import type { AskRef } from './ask.ts';

const PREFIX = '/temp/';

export class Temporaries {
  private readonly slots: (AskRef | null)[] = [];
  private readonly free: number[] = [];

  /** Returns the slot, to be given back with `remove`. */
  add(ref: AskRef): number {
    const slot = this.free.pop() ?? this.slots.length;
    this.slots[slot] = ref;
    return slot;
  }

  remove(slot: number): void {
    this.slots[slot] = null;
    this.free.push(slot);
  }

  pathOf(slot: number): string {
    return `${PREFIX}${slot}`;
  }

  /** The ref at `path` with that very uid, because slots are used again. */
  find(path: string, uid: number): AskRef | undefined {
    if (!path.startsWith(PREFIX)) return undefined;
    const ref = this.slots[Number(path.slice(PREFIX.length))];
    return ref?.path.uid === uid ? ref : undefined;
  }
}

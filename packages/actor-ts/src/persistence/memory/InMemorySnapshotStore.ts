// Snapshots that live as long as the process, kept as text.
import { checkOptions, isInteger } from '../../options.ts';
import {
  AbstractSnapshotStore,
  MIN_SNAPSHOTS,
  type StoredSnapshot,
} from '../AbstractSnapshotStore.ts';

/** What in-memory stores write to: the snapshots of each stream, oldest first. */
export class SnapshotMemory {
  readonly streams = new Map<string, StoredSnapshot[]>();
}

export class InMemorySnapshotStore extends AbstractSnapshotStore {
  private readonly memory: SnapshotMemory;
  private readonly keep: number;

  /** @param options `keep`: snapshots kept per stream, from 2 */
  constructor(memory: SnapshotMemory = new SnapshotMemory(), options: { keep?: number } = {}) {
    super();
    checkOptions('InMemorySnapshotStore', options, { keep: isInteger(MIN_SNAPSHOTS) });
    this.memory = memory;
    this.keep = options.keep ?? MIN_SNAPSHOTS;
  }

  protected async doOpen(): Promise<void> {}

  protected async doClose(): Promise<void> {}

  protected async doSave(pid: string, snapshot: StoredSnapshot): Promise<void> {
    const snapshots = this.memory.streams.get(pid) ?? [];
    const { sequenceNr } = snapshot;
    const earlier = snapshots.filter((other) => other.sequenceNr < sequenceNr);
    const later = snapshots.filter((other) => other.sequenceNr > sequenceNr);
    this.memory.streams.set(pid, [...earlier.slice(1 - this.keep), snapshot, ...later]);
  }

  protected async doLoad(pid: string, upTo: number): Promise<StoredSnapshot | null> {
    return this.memory.streams.get(pid)?.findLast((one) => one.sequenceNr <= upTo) ?? null;
  }

  protected async doDelete(pid: string, toSeq: number): Promise<void> {
    const rest = this.memory.streams.get(pid)?.filter((one) => one.sequenceNr > toSeq) ?? [];
    if (rest.length > 0) this.memory.streams.set(pid, rest);
    else this.memory.streams.delete(pid);
  }
}

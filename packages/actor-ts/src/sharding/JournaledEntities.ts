// Remembered entities in the journal: one stream per shard, written by the shard's home alone. The
// journal's compare-and-set keeps a former home that has not noticed yet from mixing in unseen: the
// real one reads the stream again and writes what is missing.
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { JournalCorruptError } from '../errors.ts';
import type { Journal } from '../persistence/Journal.ts';
import type { RememberedEntities } from './RememberedEntities.ts';

type RegistryEvent =
  | { readonly kind: 'started'; readonly ids: readonly string[] }
  | { readonly kind: 'stopped'; readonly ids: readonly string[] }
  /** Forgets what was before; makes it possible to delete the events before. */
  | { readonly kind: 'reset' };

const IDS_PER_EVENT = 1000;
/** Records since the last reset that make another one worth it. */
const COMPACT_AFTER = 1000;
const RETRY_MS = 200;
const MAX_RETRY_MS = 5000;
const HEADS_AT_A_TIME = 16;

export class JournaledEntities implements RememberedEntities {
  private readonly system: ActorSystem;
  private readonly journal: Journal;
  private readonly typeName: string;
  private readonly numShards: number;
  private readonly streams = new Map<number, Stream>();

  constructor(system: ActorSystem, journal: Journal, typeName: string, numShards: number) {
    this.system = system;
    this.journal = journal;
    this.typeName = typeName;
    this.numShards = numShards;
  }

  open(shard: number): Promise<Iterable<string>> {
    this.streams.get(shard)?.abandon();
    const stream = new Stream(this.system, this.journal, this.pid(shard));
    this.streams.set(shard, stream);
    return stream.open();
  }

  add(shard: number, id: string): Promise<void> | null {
    return this.streams.get(shard)?.started(id) ?? null;
  }

  remove(shard: number, id: string): void {
    this.streams.get(shard)?.stopped(id);
  }

  async close(shard: number): Promise<void> {
    const stream = this.streams.get(shard);
    await stream?.flushed();
    if (stream !== undefined && this.streams.get(shard) === stream) this.streams.delete(shard);
  }

  abandon(shard: number): void {
    this.streams.get(shard)?.abandon();
    this.streams.delete(shard);
  }

  abandonAll(): void {
    for (const shard of [...this.streams.keys()]) this.abandon(shard);
  }

  async shards(): Promise<readonly number[]> {
    const found: number[] = [];
    const all = Array.from({ length: this.numShards }, (_, shard) => shard);
    while (all.length > 0) {
      const some = all.splice(0, HEADS_AT_A_TIME);
      const heads = await Promise.all(some.map((s) => this.journal.highestSeq(this.pid(s))));
      for (const [i, head] of heads.entries()) if (head > 0) found.push(some[i]!);
    }
    return found;
  }

  private pid(shard: number): string {
    return `remembered-${this.typeName}-${shard}`;
  }
}

/** What is written of one shard, what should be, and the way from one to the other. */
class Stream {
  private readonly system: ActorSystem;
  private readonly journal: Journal;
  private readonly pid: string;
  private head = 0;
  private stored = new Set<string>();
  private readonly wished = new Set<string>();
  /** Ids whose record may differ from the wish. */
  private dirty = new Set<string>();
  /** Ids in events since the last reset. */
  private records = 0;
  private loaded = false;
  private abandoned = false;
  private writing = false;
  private failures = 0;
  private onRecorded: { readonly id: string; readonly resolve: () => void }[] = [];
  private onFlushed: (() => void)[] = [];

  constructor(system: ActorSystem, journal: Journal, pid: string) {
    this.system = system;
    this.journal = journal;
    this.pid = pid;
  }

  async open(): Promise<Iterable<string>> {
    while (!this.abandoned) {
      try {
        await this.load();
        break;
      } catch (error) {
        await this.pauseAfter(error);
      }
    }
    if (this.abandoned) return [];
    this.failures = 0;
    this.loaded = true;
    const ids = [...this.stored].filter((id) => !this.dirty.has(id));
    for (const id of ids) this.wished.add(id);
    void this.flush();
    return ids;
  }

  /** Resolves when it is written; null when it was before. */
  started(id: string): Promise<void> | null {
    const isRecorded = this.stored.has(id) && this.wished.has(id) && !this.dirty.has(id);
    if (isRecorded && this.loaded) return null;
    this.wished.add(id);
    this.dirty.add(id);
    void this.flush();
    return new Promise((resolve) => this.onRecorded.push({ id, resolve }));
  }

  stopped(id: string): void {
    this.wished.delete(id);
    this.dirty.add(id);
    void this.flush();
  }

  flushed(): Promise<void> {
    return new Promise((resolve) => {
      this.onFlushed.push(resolve);
      void this.flush();
    });
  }

  /** Entities whose start is not recorded yet are not to run here any more: they hear nothing. */
  abandon(): void {
    this.abandoned = true;
    this.onRecorded = [];
    this.settleFlushed();
  }

  private async flush(): Promise<void> {
    if (this.writing || !this.loaded) return;
    this.writing = true;
    // Together with what else starts and stops in this turn; what comes later goes into the next write.
    await Promise.resolve();
    while (!this.abandoned && this.dirty.size > 0) {
      try {
        await this.write();
        this.failures = 0;
        this.settleRecorded();
      } catch (error) {
        await this.reloadAfter(error);
      }
    }
    this.writing = false;
    this.settleFlushed();
  }

  private settleRecorded(): void {
    const open: typeof this.onRecorded = [];
    for (const one of this.onRecorded) {
      if (this.dirty.has(one.id)) open.push(one);
      else one.resolve();
    }
    this.onRecorded = open;
  }

  private settleFlushed(): void {
    for (const resolve of this.onFlushed.splice(0)) resolve();
  }

  private async write(): Promise<void> {
    const changed = [...this.dirty].filter((id) => this.stored.has(id) !== this.wished.has(id));
    this.dirty = new Set();
    if (changed.length === 0) return;
    const started = changed.filter((id) => this.wished.has(id));
    const stopped = changed.filter((id) => !this.wished.has(id));
    try {
      const events = [...inEvents('started', started), ...inEvents('stopped', stopped)];
      this.head = await this.journal.append(this.pid, events, this.head);
    } catch (error) {
      for (const id of changed) this.dirty.add(id);
      throw error;
    }
    for (const id of started) this.stored.add(id);
    for (const id of stopped) this.stored.delete(id);
    this.records += changed.length;
    if (this.records > COMPACT_AFTER && this.records > 4 * this.stored.size) await this.compact();
  }

  private async compact(): Promise<void> {
    const before = this.head;
    const events: RegistryEvent[] = [{ kind: 'reset' }, ...inEvents('started', [...this.stored])];
    this.head = await this.journal.append(this.pid, events, before);
    this.records = this.stored.size;
    await this.journal.delete(this.pid, before);
  }

  /** The write may have happened or not, or somebody else has written: only the stream knows. */
  private async reloadAfter(error: unknown): Promise<void> {
    await this.pauseAfter(error);
    if (this.abandoned) return;
    try {
      await this.load();
    } catch (again) {
      await this.pauseAfter(again);
      return;
    }
    for (const id of this.stored) if (!this.wished.has(id)) this.dirty.add(id);
    for (const id of this.wished) if (!this.stored.has(id)) this.dirty.add(id);
  }

  private async load(): Promise<void> {
    const head = await this.journal.highestSeq(this.pid);
    const stored = new Set<string>();
    let records = 0;
    for await (const { event: change, sequenceNr } of this.journal.read(this.pid, 1, head)) {
      if (!isRegistryEvent(change)) {
        throw new JournalCorruptError(
          `event ${sequenceNr} of '${this.pid}' is no record of entities: it was damaged`,
        );
      }
      if (change.kind === 'reset') stored.clear();
      else if (change.kind === 'started') for (const id of change.ids) stored.add(id);
      else for (const id of change.ids) stored.delete(id);
      records += change.kind === 'reset' ? 1 : change.ids.length;
    }
    this.head = head;
    this.stored = stored;
    this.records = records;
  }

  private async pauseAfter(error: unknown): Promise<void> {
    const pauseMs = Math.min(RETRY_MS * 2 ** this.failures, MAX_RETRY_MS);
    this.failures++;
    const fields = { err: error, persistenceId: this.pid, pauseMs };
    this.system.log.warn(fields, 'the journal of remembered entities failed; trying again');
    await new Promise<void>((resolve) => this.system.scheduler.schedule(pauseMs, resolve));
  }
}

function isRegistryEvent(event: unknown): event is RegistryEvent {
  const { kind, ids } = (event ?? {}) as { kind?: unknown; ids?: unknown };
  if (kind === 'reset') return true;
  if (kind !== 'started' && kind !== 'stopped') return false;
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string');
}

function inEvents(kind: 'started' | 'stopped', ids: readonly string[]): RegistryEvent[] {
  const events: RegistryEvent[] = [];
  for (let i = 0; i < ids.length; i += IDS_PER_EVENT) {
    events.push({ kind, ids: ids.slice(i, i + IDS_PER_EVENT) });
  }
  return events;
}

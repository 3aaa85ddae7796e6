// Where in its chain of partitions a stream stands. What is remembered here is a hint and spares a
// search: whoever writes makes the write conditional on it, and whoever is refused looks again.
import type { CassandraConnection, Row } from './CassandraConnection.ts';

/** The state of one partition, as it was last seen. `null` stands where nothing was written yet. */
export interface Partition {
  readonly part: number;
  readonly head: number | null;
  /** The number of its first event, or what that would be. */
  readonly first: number;
  readonly bytes: number;
  readonly sealed: boolean | null;
  readonly fence: number | null;
  readonly deleted: number | null;
}

interface Known {
  /** The last partition of the chain. */
  live: Partition | null;
  /** The last number of some of the sealed partitions. They never change. */
  readonly ends: Map<number, number>;
}

/** Streams remembered; the one that was not used for the longest time is forgotten. */
const MAX_STREAMS = 10_000;

/** The last number of the stream up to and including `partition`. */
export function headOf({ head, first }: Partition): number {
  return head ?? first - 1;
}

export class Partitions {
  private readonly connection: CassandraConnection;
  private readonly select: string;
  private readonly streams = new Map<string, Known>();

  constructor(connection: CassandraConnection, keyspace: string) {
    this.connection = connection;
    // DISTINCT: one row for the partition, without a look at its events.
    this.select = `SELECT DISTINCT pid, part, head, first, bytes, sealed, fence, deleted
      FROM ${keyspace}.events WHERE pid = ? AND part = ?`;
  }

  /** The live partition as last seen; null when nothing is known. */
  remembered(pid: string): Partition | null {
    return this.streams.get(pid)?.live ?? null;
  }

  /** Keeps what a write has made of the live partition. */
  remember(pid: string, live: Partition): void {
    const known = this.known(pid);
    if (live.sealed) known.ends.set(live.part, headOf(live));
    const newest = live.sealed ? after(live) : live;
    // Two reads may come back in the other order.
    if (known.live === null || headOf(newest) >= headOf(known.live)) known.live = newest;
  }

  forget(pid: string): void {
    this.streams.delete(pid);
  }

  /** The live partition as it is: this read decides who owns the stream. */
  async locate(pid: string): Promise<Partition> {
    let { part, first } = this.remembered(pid) ?? { part: 0, first: 1 };
    for (;;) {
      const row = (await this.connection.readSerial(this.select, [pid, part]))[0];
      const partition = toPartition(part, row, first);
      this.remember(pid, partition);
      if (!partition.sealed) return partition;
      part = await this.lastAfter(pid, part);
      first = (await this.endOf(pid, part - 1))! + 1;
    }
  }

  /** One partition as it is, in one try. */
  async readSerialOnce(pid: string, part: number): Promise<Partition> {
    return toPartition(
      part,
      (await this.connection.readSerialOnce(this.select, [pid, part]))[0],
      1,
    );
  }

  /** The partition that has number `seq`, or would have it next. */
  async find(pid: string, seq: number): Promise<number> {
    const live = this.remembered(pid) ?? (await this.locate(pid));
    if (seq >= live.first) return live.part;
    let low = 0;
    let high = live.part;
    // The first partition that ends at `seq` or later.
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = await this.endOf(pid, middle);
      if (end === null || end >= seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The last number of a sealed partition; null while the partition is not sealed. */
  async endOf(pid: string, part: number): Promise<number | null> {
    return this.knownEnd(pid, part) ?? (await this.read(pid, part)).end;
  }

  /** As `endOf`, without asking the database: null also when it is not known. */
  knownEnd(pid: string, part: number): number | null {
    return this.streams.get(pid)?.ends.get(part) ?? null;
  }

  /** Up to where the stream is deleted. */
  async deletedTo(pid: string): Promise<number> {
    return (await this.read(pid, 0)).deleted;
  }

  private async read(pid: string, part: number): Promise<{ end: number | null; deleted: number }> {
    const row = (await this.connection.read(this.select, [pid, part]))[0];
    const partition = toPartition(part, row, 1);
    const end = partition.sealed ? headOf(partition) : null;
    if (end !== null) this.known(pid).ends.set(part, end);
    return { end, deleted: partition.deleted ?? 0 };
  }

  /** The last partition of the chain; `part` is sealed. Looks further and further ahead, then halves. */
  private async lastAfter(pid: string, part: number): Promise<number> {
    let sealed = part;
    let step = 1;
    while ((await this.endOf(pid, sealed + step)) !== null) {
      sealed += step;
      step *= 2;
    }
    let open = sealed + step;
    while (open - sealed > 1) {
      const middle = (sealed + open) >> 1;
      if ((await this.endOf(pid, middle)) === null) open = middle;
      else sealed = middle;
    }
    return open;
  }

  private known(pid: string): Known {
    let known = this.streams.get(pid);
    if (known === undefined) {
      known = { live: null, ends: new Map() };
      const oldest = this.streams.size >= MAX_STREAMS ? this.streams.keys().next() : null;
      if (oldest !== null && !oldest.done) this.streams.delete(oldest.value);
    } else {
      this.streams.delete(pid);
    }
    this.streams.set(pid, known);
    return known;
  }
}

/** The partition that follows a sealed one, before anything is written to it. */
function after(sealed: Partition): Partition {
  return {
    part: sealed.part + 1,
    head: null,
    first: headOf(sealed) + 1,
    bytes: 0,
    sealed: null,
    fence: null,
    deleted: null,
  };
}

function toPartition(part: number, row: Row | undefined, first: number): Partition {
  return {
    part,
    head: toNumber(row?.head),
    first: toNumber(row?.first) ?? first,
    bytes: toNumber(row?.bytes) ?? 0,
    sealed: row?.sealed ?? null,
    fence: row?.fence ?? null,
    deleted: toNumber(row?.deleted),
  };
}

/** A bigint of Cassandra's as a number: ours stay below 2^53. */
export function toNumber(value: { toNumber(): number } | null | undefined): number | null {
  return value?.toNumber() ?? null;
}

// The versioned list of this node's own topics, as other nodes are told of it.

/** One change: `[topic, true]` is "somebody here wants it now", `[topic, false]` "nobody does". */
export type TopicChange = readonly [topic: string, wanted: boolean];

/** Changes that lead from version `base` to version `base + changes.length`. */
export interface TopicDelta {
  readonly base: number;
  readonly changes: readonly TopicChange[];
}

/**
 * Every change adds one to the version, so a receiver that stands at `base` may apply a delta and
 * any other receiver knows that it has missed something.
 */
export class Announcements {
  private readonly since = new Map<string, number>();
  private unsent: TopicChange[] = [];
  private current = 0;

  get version(): number {
    return this.current;
  }

  add(topic: string): void {
    this.record([topic, true]);
    this.since.set(topic, this.current);
  }

  remove(topic: string): void {
    this.record([topic, false]);
    this.since.delete(topic);
  }

  /** A node that has this version knows that `topic` is wanted here. */
  versionOf(topic: string): number {
    return this.since.get(topic) ?? this.current;
  }

  topics(): string[] {
    return [...this.since.keys()];
  }

  /** What changed since the last call, cut into deltas of at most `maxChars`; none: empty. */
  takeUnsent(maxChars: number): TopicDelta[] {
    let base = this.current - this.unsent.length;
    const deltas = chunks(this.unsent, ([topic]) => topic.length, maxChars).map((changes) => {
      const delta = { base, changes };
      base += changes.length;
      return delta;
    });
    this.unsent = [];
    return deltas;
  }

  private record(change: TopicChange): void {
    this.current++;
    this.unsent.push(change);
  }
}

/** Cuts `items` into runs whose sizes add up to at most `max` (a larger item stands alone). */
export function chunks<T>(items: readonly T[], sizeOf: (item: T) => number, max: number): T[][] {
  const runs: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    if (runs.length === 0 || size > room) {
      runs.push([]);
      room = max;
    }
    runs.at(-1)!.push(item);
    room -= size;
  }
  return runs;
}

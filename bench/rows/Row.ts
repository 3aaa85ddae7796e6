// What a benchmark row is: some work, done in several ways that are measured in turns.

export interface Row {
  readonly name: string;
  /** What is counted, for the table. */
  readonly what: string;
  readonly unit: Unit;
  readonly target: Target;
  /** Each runs in a process of its own. `ours` has to be among them. */
  readonly contenders: Readonly<Record<string, () => Promise<Contender>>>;
}

/** `/s`: more is better. `ms` and `bytes`: less is. */
export type Unit = '/s' | 'ms' | 'bytes';

/** A figure by itself, or how many times that of another contender of the same run. */
export type Target = { readonly value: number } | { readonly of: string; readonly ratio: number };

export interface Contender extends AsyncDisposable {
  /** One round, of a second at the most. */
  measure(): Promise<number>;
}

/** A contender without anything to clear up. */
export function plain(measure: () => Promise<number> | number): Contender {
  return { measure: async () => measure(), [Symbol.asyncDispose]: async () => undefined };
}

/** Calls `work`, which does `count` of something, until the time is over. @returns how many a second */
export async function perSecond(
  count: number,
  work: () => Promise<void> | void,
  forMs = 500,
): Promise<number> {
  const began = performance.now();
  let done = 0;
  do {
    await work();
    done += count;
  } while (performance.now() - began < forMs);
  return (done * 1000) / (performance.now() - began);
}

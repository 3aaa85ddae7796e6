// A place where input from outside comes in, and how to try it: the same code for the few hundred
// inputs of `npm test` and for the million of `npm run fuzz`.
import type { Tally } from './Tally.ts';

export interface Plan {
  readonly inputs: number;
  /** The same seed, the same inputs. */
  readonly seed: number;
}

export interface Surface {
  /** As `npm run fuzz -- --surface` takes it. */
  readonly name: string;
  /** What is tried, in a few words for the report. */
  readonly what: string;
  /** Inputs that `npm test` and `npm run fuzz` try. */
  readonly inputs: { readonly test: number; readonly fuzz: number };
  /** What memory may grow by at most while they are tried, in bytes. */
  readonly mayGrowBytes: number;
  run(plan: Plan): Promise<Outcome>;
}

export interface Outcome {
  readonly tally: Tally;
  /** What is held on to after a garbage collection, in bytes, compared to before. */
  readonly grownBytes: number;
  // For surfaces of a running node:
  /** Bytes of its process at its worst. */
  readonly peakBytes?: number;
  /** The slowest ack that those had who behave, in milliseconds. */
  readonly slowestAckMs?: number;
  /** Names of the complaints in its log, and how often. */
  readonly complaints?: ReadonlyMap<string, number>;
}

export const MiB = 1024 * 1024;

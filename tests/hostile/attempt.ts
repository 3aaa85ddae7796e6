// Tries inputs one after the other within this process, and what they leave behind in its memory.
import fc from 'fast-check';
import { heldBytes } from './memory.ts';
import type { Outcome, Plan } from './Surface.ts';
import { Tally } from './Tally.ts';

/** Inputs of one round of fast-check: it would keep what is needed to repeat all of them. */
const ROUND = 20_000;

export interface Attempt<T> {
  /** Inputs that are tried first, each time. */
  readonly examples: readonly T[];
  readonly inputs: fc.Arbitrary<T>;
  /**
   * Hands one input over: returns the name by which it was refused, or null when it was taken.
   * Whatever it throws has no name.
   */
  try(input: T): string | null | Promise<string | null>;
}

/** Tries `plan.inputs` inputs; of one that has no name for its refusal the smallest form is kept. */
export async function attempt<T>(plan: Plan, attempted: Attempt<T>): Promise<Outcome> {
  const tally = new Tally();
  const one = async (input: T) => {
    const name = await attempted.try(input);
    if (name === null) tally.accept();
    else tally.reject(name);
  };
  for (const example of attempted.examples) {
    await one(example).catch((error: unknown) => tally.fault(String(error), example));
  }
  const before = await heldBytes();
  for (let round = 0; tally.inputs < plan.inputs && tally.faultCount === 0; round++) {
    const numRuns = Math.min(ROUND, plan.inputs - tally.inputs);
    const property = fc.asyncProperty(attempted.inputs, one);
    const result = await fc.check(property, { numRuns, seed: plan.seed + round });
    if (!result.failed) continue;
    tally.fault(
      `${String(result.errorInstance)} (seed ${result.seed}, path ${result.counterexamplePath})`,
      result.counterexample?.[0],
    );
  }
  const grownBytes = (await heldBytes()) - before;
  return { tally, grownBytes };
}

// What a step lacks before any test is run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { isStarter } from '../content/writeStarter.ts';
import { isCommitted } from '../git.ts';
import { plural } from '../text.ts';
import type { Claim } from './Claim.ts';

/** Fewer than these prove too little. */
const MIN_WRONG_ANSWERS = 4;
const MIN_ALTERNATIVES = 2;

/** @param claims those on the step */
export function shortfallsOf(
  { root }: Workshop,
  step: Step,
  claims: readonly Claim[],
): readonly string[] {
  const count = (kind: Claim['kind']) => claims.filter((claim) => claim.kind === kind).length;
  const wrong = count('wrong answer');
  const alternatives = count('alternative');
  const found: string[] = [];
  if (!existsSync(join(root, step.testFile))) found.push(`there is no ${step.testFile}`);
  if (wrong < MIN_WRONG_ANSWERS) {
    found.push(`${plural(wrong, 'wrong answer')}, ${MIN_WRONG_ANSWERS} are wanted`);
  }
  if (alternatives < MIN_ALTERNATIVES) {
    found.push(`${plural(alternatives, 'alternative')}, ${MIN_ALTERNATIVES} are wanted`);
  }
  // A learner's step differs, and may: only what is committed has to be as generated.
  if (isCommitted(root, `steps/${step.name}`) && !isStarter(step)) {
    found.push(`steps/${step.name} is not as generated (npm run generate)`);
  }
  return found.map((text) => `step ${step.number}: ${text}`);
}

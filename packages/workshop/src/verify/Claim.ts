// What is claimed of a step, each claim with the files that it is about and what its tests must say.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Exercise } from '../content/manifest.ts';
import type { Step } from '../content/Step.ts';
import { type Files, readFiles, starterOf } from '../content/starter.ts';
import { BrokenWorkshopError } from '../errors.ts';
import { type Patch, readPatches } from './Patch.ts';

/** What the tests have to say. */
export type Wanted =
  | { readonly kind: 'solved' }
  /** The tests of exercises fail, but for those that its manifest names; all others pass. */
  | { readonly kind: 'at-start' }
  /** At least one test fails; `exercise`: one of that exercise's; `by`: the one whose title begins so. */
  | { readonly kind: 'rejected'; readonly exercise?: string; readonly by?: string };

export type ClaimKind =
  | 'solution'
  | 'starter'
  | 'previous'
  | 'region'
  | 'wrong answer'
  | 'alternative';

export interface Claim {
  readonly step: Step;
  readonly kind: ClaimKind;
  /** Unique among the step's claims. */
  readonly name: string;
  /** For the reader of the table. */
  readonly about: string;
  readonly wanted: Wanted;
  /** The files whose tests are run; null: those of `dir`, which are there. */
  readonly files: Files | null;
  readonly patch: Patch | null;
  /** From the root. */
  readonly dir: string;
  /** Which tests; without it all of the step. */
  readonly only?: RegExp;
  /** How often in a row. */
  readonly times: number;
}

export interface ClaimOptions {
  /** Only what can be had in minutes: see `npm run verify -- --quick`. */
  readonly isQuick: boolean;
  /** How often a solution has to be green. */
  readonly times: number;
  /** The solutions have just passed their tests. */
  readonly areTested?: boolean;
}

/**
 * Where variants are written, from the root: each within a small copy of the repository's layout, so
 * that what reaches out of a step, such as the context of an image, finds the same around it.
 */
export const VARIANTS = '.workshop/verify/variants';

/**
 * The claims on a step. `previous` is the step before it, null for the first.
 * @throws BrokenWorkshopError when a manifest, a region or a patch cannot be read
 */
export function claimsOn(
  root: string,
  step: Step,
  previous: Step | null,
  { isQuick, times, areTested = false }: ClaimOptions,
): Claim[] {
  const solution = readFiles(step.solutionDir);
  const solutionDir = `solutions/${step.name}`;
  const variant = (kind: ClaimKind, name: string, about: string, wanted: Wanted) => ({
    ...{ step, kind, name, about, wanted, files: solution, patch: null, times: 1 },
    dir: `${VARIANTS}/${step.name}/${fileName(name)}/${solutionDir}`,
  });
  const claims: Claim[] = [
    {
      ...asHandedOut(variant('starter', 'starter', 'the step as it is handed out', AT_START)),
      files: step.starter,
    },
    ...readPatches(root, 'wrong-answers', step.number).map((patch): Claim => {
      const by = patch.killedBy!;
      const name = `wrong ${patch.name}`;
      return {
        ...variant('wrong answer', name, patch.what, { kind: 'rejected', by }),
        patch: within(patch, solutionDir),
        ...((isQuick || needsContainers(step)) && { only: beginsWith(by) }),
      };
    }),
    ...readPatches(root, 'alternatives', step.number).map((patch): Claim => {
      const name = `alternative ${patch.name}`;
      return {
        ...variant('alternative', name, patch.what, { kind: 'solved' }),
        patch: within(patch, solutionDir),
      };
    }),
  ];
  if (!isQuick) claims.push(...regionClaims(step, solution, variant));
  if (!isQuick && previous !== null) {
    claims.push({
      ...variant('previous', 'previous', `the solution of step ${previous.number}`, {
        kind: 'rejected',
      }),
      ...{ dir: `solutions/${previous.name}`, files: null },
    });
  }
  if (!areTested) {
    const about = times === 1 ? 'green, nothing skipped' : `green ${times} times in a row`;
    claims.push({
      ...variant('solution', 'solution', about, { kind: 'solved' }),
      ...{ dir: solutionDir, files: null, times },
    });
  }
  return claims;
}

const AT_START: Wanted = { kind: 'at-start' };

/** What is made of a starter calls itself a step in some of its files, and so lies where a step would. */
function asHandedOut(claim: Claim): Claim {
  return { ...claim, dir: claim.dir.replace('/solutions/', '/steps/') };
}

/** Every region back at its start, alone: a test of its own exercise has to see it. */
function regionClaims(
  { manifest }: Step,
  solution: Files,
  variant: (kind: ClaimKind, name: string, about: string, wanted: Wanted) => Claim,
): Claim[] {
  return manifest.exercises.flatMap(({ id, title, starters }: Exercise) =>
    starters.map((_starter, index) => {
      const place = starters.length === 1 ? '' : `, place ${index + 1} of ${starters.length}`;
      const name = `region ${id}${starters.length === 1 ? '' : `-${index + 1}`}`;
      return {
        ...asHandedOut(
          variant('region', name, `${title}${place}`, { kind: 'rejected', exercise: id }),
        ),
        files: starterOf(manifest, solution, (other, at) => other === id && at === index),
        only: beginsWith(`${id} `),
      };
    }),
  );
}

function within(patch: Patch, dir: string): Patch {
  const stray = patch.changes.find((path) => !path.startsWith(`${dir}/`));
  if (stray === undefined) return patch;
  throw new BrokenWorkshopError(`${patch.file} changes ${stray}, which is not in ${dir}`);
}

/** Whether its tests are about containers, and cannot do without an engine. */
export function needsContainers({ solutionDir }: Step): boolean {
  return existsSync(join(solutionDir, 'docker-compose.yml'));
}

/** A claim's name as a file's. */
export function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '-');
}

/** Tests whose title begins so, in whatever group. */
function beginsWith(text: string): RegExp {
  return new RegExp(`(^|\\s)${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

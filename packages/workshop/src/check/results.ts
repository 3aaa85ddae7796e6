// What the last check of each step and each solution said; forgotten as soon as the files differ.
import { join } from 'node:path';
import { z } from 'zod';
import { hashOf } from '../content/files.ts';
import { Kept } from '../content/Kept.ts';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import type { Judgement } from './judge.ts';

const stepResult = z.object({
  hash: z.string(),
  /** Exercise to whether it is solved. */
  solved: z.record(z.string(), z.boolean()),
});

const stepResults = (workshop: Workshop) =>
  new Kept(workshop.kept, 'results.json', z.record(z.string(), stepResult), {});

const provenSolutions = (workshop: Workshop) =>
  new Kept(workshop.kept, 'solutions.json', z.record(z.string(), z.string()), {});

export function rememberResult(workshop: Workshop, step: Step, judgement: Judgement): void {
  const solved = Object.fromEntries(
    [...judgement.exercises].map(([id, state]) => [id, state === 'solved']),
  );
  const result = { hash: step.hash, solved };
  stepResults(workshop).update((all) => ({ ...all, [step.name]: result }));
}

/** Whether each exercise was solved when the step was as it is now; null when that is not known. */
export function lastResult(
  workshop: Workshop,
  step: Step,
): Readonly<Record<string, boolean>> | null {
  const result = stepResults(workshop).read()[step.name];
  return result?.hash === step.hash ? result.solved : null;
}

/** What a solution's verdict hangs on: itself, the tests, and what both stand on. */
function solutionHash(workshop: Workshop, step: Step): string {
  const below = ['tests', 'packages/actor-ts/src', 'packages/workshop/src'];
  return hashOf(step.solutionDir, ...below.map((dir) => join(workshop.root, dir)));
}

/** What its nodes were belongs to it: containers show what processes do not. */
function provenName(step: Step, driver = 'processes'): string {
  return `${step.name}, ${driver}`;
}

export function rememberProven(workshop: Workshop, step: Step, driver?: string): void {
  const hash = solutionHash(workshop, step);
  const name = provenName(step, driver);
  provenSolutions(workshop).update((all) => ({ ...all, [name]: hash }));
}

/** Whether the solution has passed these very tests already, with nodes of that kind. */
export function isProven(workshop: Workshop, step: Step, driver?: string): boolean {
  return (
    provenSolutions(workshop).read()[provenName(step, driver)] === solutionHash(workshop, step)
  );
}

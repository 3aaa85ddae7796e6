// The verdict on a step: its tests against the learner's files and, when they fail, against the
// solution, so that nobody looks for a mistake that is the workshop's.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { infraTrouble, type Judgement, judge } from './judge.ts';
import { portTrouble } from './portTrouble.ts';
import { isProven, rememberProven, rememberResult } from './results.ts';
import { runTests } from './runTests.ts';

export type Verdict =
  | { readonly kind: 'SOLVED'; readonly judgement: Judgement }
  | { readonly kind: 'NOT YET'; readonly judgement: Judgement; readonly logFile: string }
  /** The machine lacks something: why, and the remedy. */
  | { readonly kind: 'INFRA'; readonly why: string }
  | { readonly kind: 'BROKEN WORKSHOP'; readonly why: string };

export interface CheckOptions {
  readonly onTest?: (title: string, state: string) => void;
  /** Told before the solution's tests run: they double the wait. */
  readonly onSolution?: () => void;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function checkStep(
  workshop: Workshop,
  step: Step,
  options: CheckOptions = {},
): Promise<Verdict> {
  if (!existsSync(join(workshop.root, step.testFile))) {
    return broken(`There is no ${step.testFile}.`);
  }
  const touched = step.touched(); // reads the solution's regions too: broken ones are told here
  const run = await runTests(workshop, step, 'steps', options);
  if (run.report === null) return noReport(run.said);
  const judgement = judge(step.exercises, run.report, touched);
  if (judgement.isSolved) {
    rememberResult(workshop, step, judgement);
    return { kind: 'SOLVED', judgement };
  }
  const trouble = infraTrouble(run.report) ?? (await portTrouble(run.report));
  if (trouble !== null) return { kind: 'INFRA', why: trouble };
  const flaw = await flawOf(workshop, step, options);
  if (flaw !== null) return flaw;
  rememberResult(workshop, step, judgement);
  return { kind: 'NOT YET', judgement, logFile: run.logFile };
}

/** What is wrong with the solution, or null when it passes; a pass is remembered. */
async function flawOf(
  workshop: Workshop,
  step: Step,
  { onSolution, signal, env }: CheckOptions,
): Promise<Verdict | null> {
  const driver = env?.WORKSHOP_DRIVER;
  if (isProven(workshop, step, driver)) return null;
  onSolution?.();
  // Twice, since a busy machine may fail a good solution once, and the accusation is a heavy one.
  const first = await trySolution(workshop, step, { signal, env });
  return first?.kind === 'BROKEN WORKSHOP'
    ? await trySolution(workshop, step, { signal, env })
    : first;
}

async function trySolution(
  workshop: Workshop,
  step: Step,
  { signal, env }: CheckOptions,
): Promise<Verdict | null> {
  const run = await runTests(workshop, step, 'solutions', { signal, env });
  if (run.report === null) return noReport(run.said);
  const trouble = infraTrouble(run.report) ?? (await portTrouble(run.report));
  if (trouble !== null) return { kind: 'INFRA', why: trouble };
  const all = new Set(step.exercises.map(({ id }) => id));
  const judgement = judge(step.exercises, run.report, all);
  if (judgement.isSolved) {
    rememberProven(workshop, step, env?.WORKSHOP_DRIVER);
    return null;
  }
  const flaws = [
    ...judgement.failures.map(({ exercise, title, message }) => {
      return `${exercise === null ? '' : `${exercise} `}${title}: ${message}`;
    }),
    ...judgement.skipped.map(({ title }) => `skipped: ${title}`),
    ...[...judgement.exercises]
      .filter(([, state]) => state === 'untested')
      .map(([id]) => `exercise ${id} has no test`),
    ...judgement.remarks,
  ];
  return broken(
    `solutions/${step.name} fails its own tests, the first thing being:\n${flaws[0]}\n` +
      `All of it: ${run.logFile}`,
  );
}

function broken(why: string): Verdict {
  return { kind: 'BROKEN WORKSHOP', why };
}

function noReport(said: string): Verdict {
  const last = said.split('\n').slice(-8).join('\n');
  return {
    kind: 'INFRA',
    why: `vitest ended without a report; run npm ci, then test again. It said:\n${last}`,
  };
}

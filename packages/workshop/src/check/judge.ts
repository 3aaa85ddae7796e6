// From outcomes to a verdict on each exercise. Pure: what to make of it is the command's business.
import type { Exercise } from '../content/manifest.ts';
import type { Outcome, Report } from './report.ts';

export type ExerciseState =
  /** All its tests ran and passed. */
  | 'solved'
  /** The starter stands, and its tests fail. */
  | 'to do'
  /** Worked on, and at least one of its tests fails. */
  | 'failing'
  /** No test of it failed and at least one did not run: that is no pass. */
  | 'skipped'
  /** The workshop has no test for it. */
  | 'untested';

export interface Judgement {
  readonly exercises: ReadonlyMap<string, ExerciseState>;
  /** Failed tests, those of the first exercise first, those of no exercise last. */
  readonly failures: readonly Outcome[];
  readonly skipped: readonly Outcome[];
  readonly remarks: readonly string[];
  /** Everything ran, everything passed. */
  readonly isSolved: boolean;
}

export function judge(
  exercises: readonly Exercise[],
  { outcomes, remarks }: Report,
  touched: ReadonlySet<string>,
): Judgement {
  const states = new Map(
    exercises.map(({ id }) => {
      const own = outcomes.filter(({ exercise }) => exercise === id);
      return [id, stateOf(own, touched.has(id), remarks.length > 0)] as const;
    }),
  );
  const order = exercises.map(({ id }) => id);
  const rank = ({ exercise }: Outcome) => {
    const index = exercise === null ? -1 : order.indexOf(exercise);
    return index < 0 ? order.length : index;
  };
  const failures = outcomes
    .filter(({ state }) => state === 'failed')
    .sort((one, other) => rank(one) - rank(other));
  const skipped = outcomes.filter(({ state }) => state === 'skipped');
  const isSolved =
    failures.length === 0 &&
    skipped.length === 0 &&
    remarks.length === 0 &&
    [...states.values()].every((state) => state === 'solved');
  return { exercises: states, failures, skipped, remarks, isSolved };
}

function stateOf(
  outcomes: readonly Outcome[],
  touched: boolean,
  failedAsAWhole: boolean,
): ExerciseState {
  const failed = outcomes.some(({ state }) => state === 'failed');
  // Without any test it is the step's files that could not be loaded, or nobody wrote a test.
  if (failed || (outcomes.length === 0 && failedAsAWhole)) return touched ? 'failing' : 'to do';
  if (outcomes.length === 0) return 'untested';
  return outcomes.every(({ state }) => state === 'passed') ? 'solved' : 'skipped';
}

/** What the machine lacks and no answer of the learner's could mend; null when nothing says so. */
export function infraTrouble({ outcomes, remarks }: Report): string | null {
  const texts = [...outcomes.map(({ message }) => message), ...remarks];
  for (const text of texts) {
    const said = /\bINFRA: (.*)/.exec(text);
    if (said !== null) return said[1]!;
    const known = KNOWN_TROUBLE.find(({ sign }) => sign.test(text));
    if (known !== undefined) return known.says;
  }
  return null;
}

/** Errors of the operating system and of container engines. */
const KNOWN_TROUBLE = [
  { sign: /\bENOSPC\b|\bSQLITE_FULL\b/, says: 'The disk is full. Make room, then test again.' },
  {
    sign: /\bEMFILE\b|\bENFILE\b/,
    says: 'Too many files are open. Close programs, or raise the limit: ulimit -n 4096',
  },
  {
    sign: /\bEAGAIN\b.*spawn|spawn.*\b(EAGAIN|ENOMEM)\b/,
    says: 'No memory or process is left. Close programs, then test again.',
  },
  {
    sign: /could not find a working container runtime|Cannot connect to the Docker daemon/i,
    says: 'No Docker engine answers. Start Docker, or test without it: -- --processes',
  },
  {
    sign: /pull access denied|manifest unknown|toomanyrequests|failed to pull/i,
    says: 'An image could not be fetched. npm run doctor says which and how to name another.',
  },
];

// Whether a run of the tests proves what was claimed. Pure.
import type { Cause, Outcome, Report } from '../check/report.ts';
import type { Exercise } from '../content/manifest.ts';
import type { Wanted } from './Claim.ts';

export interface Finding {
  /** What speaks against the claim; empty when it is proven. */
  readonly flaws: readonly string[];
  /** Titles of the tests that failed by an assertion, as they should; with their exercise's number. */
  readonly killers: readonly string[];
}

export function judgeClaim(
  wanted: Wanted,
  { outcomes, remarks }: Report,
  exercises: readonly Exercise[],
): Finding {
  const outside = remarks.map((remark) => `outside of the tests: ${remark}`);
  const finding = findingOf(wanted, outcomes, exercises);
  return { ...finding, flaws: [...finding.flaws, ...outside] };
}

function findingOf(
  wanted: Wanted,
  outcomes: readonly Outcome[],
  exercises: readonly Exercise[],
): Finding {
  const killers = outcomes.filter(({ cause }) => cause === 'assertion').map(fullTitle);
  switch (wanted.kind) {
    case 'solved':
      return { flaws: [...flawsOfSolved(outcomes), ...untested(outcomes, exercises)], killers: [] };
    case 'at-start':
      return { flaws: flawsOfStart(outcomes, exercises), killers };
    case 'rejected': {
      const { exercise, by } = wanted;
      if (by !== undefined) {
        return { flaws: flawsOfKill(outcomes, by), killers: first(killers, by) };
      }
      if (exercise !== undefined) return { flaws: flawsOfRegion(outcomes, exercise), killers };
      // A step behind it may lack so much that its nodes never get ready: that is a rejection too.
      const failing = outcomes.filter(({ state }) => state === 'failed').map(fullTitle);
      const flaws = failing.length === 0 ? ['not rejected: no test failed'] : [];
      return { flaws, killers: failing };
    }
    default:
      return wanted satisfies never;
  }
}

export function fullTitle({ exercise, title }: Outcome): string {
  return exercise === null ? title : `${exercise} ${title}`;
}

function flawsOfSolved(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.state === 'passed') return [];
    return [outcome.state === 'skipped' ? `skipped: ${fullTitle(outcome)}` : failed(outcome)];
  });
}

function untested(outcomes: readonly Outcome[], exercises: readonly Exercise[]): string[] {
  return exercises
    .filter(({ id }) => outcomes.every(({ exercise }) => exercise !== id))
    .map(({ id }) => `no test of exercise ${id}`);
}

function flawsOfStart(outcomes: readonly Outcome[], exercises: readonly Exercise[]): string[] {
  const passing = new Set(
    exercises.flatMap(({ id, passAtFirst }) => passAtFirst.map((title) => `${id} ${title}`)),
  );
  const titles = new Set(outcomes.map(fullTitle));
  const unknown = [...passing].filter((title) => !titles.has(title));
  return [
    ...untested(outcomes, exercises),
    ...unknown.map((title) => `the manifest names a test that there is not: ${title}`),
    ...outcomes.flatMap((outcome) => {
      const title = fullTitle(outcome);
      if (outcome.state === 'skipped') return [`skipped: ${title}`];
      if (outcome.exercise === null || passing.has(title)) {
        return outcome.state === 'failed' ? [failed(outcome)] : [];
      }
      if (outcome.state === 'passed') return [`passed, though nothing is solved: ${title}`];
      return outcome.cause === 'assertion' ? [] : [failed(outcome)];
    }),
  ];
}

function flawsOfRegion(outcomes: readonly Outcome[], exercise: string): string[] {
  const ran = outcomes.filter((outcome) => {
    return outcome.exercise === exercise && outcome.state !== 'skipped';
  });
  if (ran.length === 0) return [`no test of ${exercise} ran`];
  const broken = ran.filter(({ state, cause }) => state === 'failed' && cause !== 'assertion');
  if (broken.length > 0) return broken.map(failed);
  const isSeen = ran.some(({ state }) => state === 'failed');
  return isSeen ? [] : [`not rejected: every test of ${exercise} passed`];
}

function flawsOfKill(outcomes: readonly Outcome[], by: string): string[] {
  const named = outcomes.filter((outcome) => fullTitle(outcome).startsWith(by));
  const exact = named.filter((outcome) => fullTitle(outcome) === by);
  const [killer, other] = exact.length === 1 ? exact : named;
  if (killer === undefined) return [`there is no test "${by}"`];
  if (other !== undefined) return [`${named.length} tests begin with "${by}"`];
  if (killer.state === 'passed') {
    const killers = outcomes.filter(({ cause }) => cause === 'assertion').map(fullTitle);
    return [
      `not rejected by "${fullTitle(killer)}"`,
      ...killers.map((title) => `but by "${title}"`),
    ];
  }
  if (killer.state === 'skipped') return [`skipped: ${fullTitle(killer)}`];
  return killer.cause === 'assertion' ? [] : [failed(killer)];
}

/** With the one that was named in front. */
function first(titles: readonly string[], by: string): string[] {
  return titles.toSorted((one, other) => {
    return Number(other.startsWith(by)) - Number(one.startsWith(by));
  });
}

const HOW: Readonly<Record<Cause, string>> = {
  assertion: 'failed',
  timeout: 'timed out',
  error: 'broke',
};

function failed(outcome: Outcome): string {
  return `${HOW[outcome.cause ?? 'error']}: ${fullTitle(outcome)}\n${outcome.message}`;
}

// Reads vitest's JSON reports and prints the line that `.ci/run` ends with. Usage:
//   node .ci/summary.ts [<name> <report.json> <exit code> <least>]… -- [failed check …]
// Ends with 0 only when in each run `least` tests passed or more, none failed, none was skipped, and
// every check held.
import { readFileSync } from 'node:fs';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The parts of the report (Jest's format) that are read here. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Run {
  readonly name: string;
  /** The report, or null when the runner left none. */
  readonly text: string | null;
  /** Of the test command. */
  readonly exitCode: number;
  /** How many tests have to pass for the run to count as one. */
  readonly least: number;
}

export interface Summary {
  readonly counts: Counts;
  /** What else went wrong, a line each. */
  readonly remarks: readonly string[];
}

/** @param failedChecks names of other checks (types, lint, …); each counts as one failure */
export function summarize(runs: readonly Run[], failedChecks: readonly string[]): Summary {
  const parts = runs.map(summaryOf);
  const sum = (of: (counts: Counts) => number) =>
    parts.reduce((total, { counts }) => total + of(counts), 0);
  return {
    counts: {
      passed: sum(({ passed }) => passed),
      failed: sum(({ failed }) => failed) + failedChecks.length,
      skipped: sum(({ skipped }) => skipped),
    },
    remarks: [
      ...failedChecks.map((check) => `check failed: ${check}`),
      ...parts.flatMap(({ remarks }) => remarks),
    ],
  };
}

export function summaryOf({ name, text, exitCode, least }: Run): Summary {
  const remarks: string[] = [];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const report = text === null ? null : parse(text);
  if (report === null) {
    return { counts: { ...counts, failed: 1 }, remarks: [`${name}: the runner left no report`] };
  }
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') failedHere++;
      else {
        counts.skipped++;
        remarks.push(`${status}: ${fullName}`);
      }
    }
    // A file that cannot be loaded, or whose hooks fail, has no failed test to show for it.
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1;
      remarks.push(`failed as a whole: ${file.name} ${file.message ?? ''}`.trim());
    }
    counts.failed += failedHere;
  }
  if (counts.failed === 0 && (exitCode !== 0 || !report.success)) {
    counts.failed = 1;
    remarks.push(`${name}: failed outside of any test (exit code ${exitCode})`);
  }
  if (counts.passed < least) {
    counts.failed++;
    remarks.push(`${name}: ${counts.passed} passed, at least ${least} have to`);
  }
  return { counts, remarks };
}

export function isGood({ passed, failed, skipped }: Counts): boolean {
  return passed > 0 && failed === 0 && skipped === 0;
}

function parse(text: string): Report | null {
  try {
    return JSON.parse(text) as Report;
  } catch (error) {
    // Cut off in the middle: the runner died while writing.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function said({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const end = args.indexOf('--');
  const runs: Run[] = [];
  for (let i = 0; i < end; i += 4) {
    const [name, file, exitCode, least] = args.slice(i, i + 4) as [string, string, string, string];
    runs.push({ name, text: read(file), exitCode: Number(exitCode), least: Number(least) });
  }
  const { counts, remarks } = summarize(runs, args.slice(end + 1));
  for (const remark of remarks) console.log(remark);
  for (const run of runs) console.log(`${run.name}: ${said(summaryOf(run).counts)}`);
  console.log(said(counts));
  process.exitCode = isGood(counts) ? 0 : 1;
}

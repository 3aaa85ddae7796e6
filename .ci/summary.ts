// Reads vitest's JSON report and prints the line that `.ci/run` ends with. Usage:
//   node .ci/summary.ts <report.json> <exit code of the test command> [failed check …]
// Ends with 0 only when tests ran, all of them passed, none was skipped and every check held.
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

export interface Summary {
  readonly counts: Counts;
  /** What else went wrong, a line each. */
  readonly remarks: readonly string[];
}

/**
 * @param text the report, or null when the runner left none
 * @param exitCode of the test command
 * @param failedChecks names of other checks (types, lint, …); each counts as one failure
 */
export function summarize(
  text: string | null,
  exitCode: number,
  failedChecks: readonly string[],
): Summary {
  const remarks = failedChecks.map((check) => `check failed: ${check}`);
  const counts = { passed: 0, failed: failedChecks.length, skipped: 0 };
  const report = text === null ? null : parse(text);
  if (report === null) {
    counts.failed++;
    return { counts, remarks: [...remarks, 'the test runner left no report'] };
  }
  let failedTests = 0;
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
    failedTests += failedHere;
  }
  if (failedTests === 0 && (exitCode !== 0 || !report.success)) {
    failedTests = 1;
    remarks.push(`the test command failed outside of any test (exit code ${exitCode})`);
  }
  counts.failed += failedTests;
  if (counts.passed === 0) remarks.push('no test passed');
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

if (import.meta.main) {
  const [file, exitCode, ...failedChecks] = process.argv.slice(2);
  const { counts, remarks } = summarize(read(file!), Number(exitCode), failedChecks);
  for (const remark of remarks) console.log(remark);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = isGood(counts) ? 0 : 1;
}

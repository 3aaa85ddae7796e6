import { describe, expect, it } from 'vitest';
import { isGood, type Run, summarize } from '../../../.ci/summary.ts';

const file = (...statuses: string[]) => ({
  name: 'a.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status, i) => ({ status, fullName: `test ${i}` })),
});
const report = (...testResults: object[]) => JSON.stringify({ success: true, testResults });
const run = (text: string | null, exitCode = 0, least = 1): Run => ({
  name: 'tests',
  text,
  exitCode,
  least,
});
const good = (...args: Parameters<typeof summarize>) => isGood(summarize(...args).counts);

describe('the summary of .ci/run', () => {
  it('counts what the report says', () => {
    const text = report(file('passed', 'passed', 'failed'), file('passed', 'pending', 'todo'));
    expect(summarize([run(text, 1)], []).counts).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  it('adds up all runs', () => {
    const runs = [
      run(report(file('passed', 'passed'))),
      run(report(file('passed', 'failed')), 1),
      run(report(file('passed', 'skipped'))),
    ];
    expect(summarize(runs, []).counts).toEqual({ passed: 4, failed: 1, skipped: 1 });
  });

  it('is good only when tests passed, none failed and none was skipped', () => {
    expect(good([run(report(file('passed')))], [])).toBe(true);
    expect(good([run(report(file('passed', 'failed')), 1)], [])).toBe(false);
    expect(good([run(report(file('passed', 'skipped')))], [])).toBe(false);
    expect(good([run(report())], [])).toBe(false);
    expect(good([], [])).toBe(false);
  });

  it('is not good when too few tests passed in one of the runs', () => {
    const enough = run(report(file('passed', 'passed')));
    const { counts, remarks } = summarize([enough, run(report(file('passed')), 0, 2)], []);
    expect(counts).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(remarks).toEqual(['tests: 1 passed, at least 2 have to']);
  });

  it('counts a file that failed as a whole', () => {
    const text = report(file('passed'), { ...file(), status: 'failed', message: 'no such module' });
    const { counts, remarks } = summarize([run(text, 1)], []);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(remarks).toEqual(['failed as a whole: a.test.ts no such module']);
  });

  it('counts a run that failed outside of its tests', () => {
    expect(summarize([run(report(file('passed')), 1)], []).counts.failed).toBe(1);
    const unhandled = JSON.stringify({ success: false, testResults: [file('passed')] });
    expect(summarize([run(unhandled)], []).counts.failed).toBe(1);
  });

  it('counts a missing or broken report as a failure', () => {
    const failed = { passed: 0, failed: 1, skipped: 0 };
    expect(summarize([run(null, 1)], []).counts).toEqual(failed);
    expect(summarize([run('{"testRes')], []).counts).toEqual(failed);
  });

  it('counts every failed check', () => {
    const { counts, remarks } = summarize([run(report(file('passed')))], ['types', 'lint']);
    expect(counts).toEqual({ passed: 1, failed: 2, skipped: 0 });
    expect(remarks).toEqual(['check failed: types', 'check failed: lint']);
  });
});

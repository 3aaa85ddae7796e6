import { describe, expect, it } from 'vitest';
import { isGood, summarize } from '../../../.ci/summary.ts';

const file = (...statuses: string[]) => ({
  name: 'a.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status, i) => ({ status, fullName: `test ${i}` })),
});
const report = (...testResults: object[]) => JSON.stringify({ success: true, testResults });
const good = (...args: Parameters<typeof summarize>) => isGood(summarize(...args).counts);

describe('the summary of .ci/run', () => {
  it('counts what the report says', () => {
    const text = report(file('passed', 'passed', 'failed'), file('passed', 'pending', 'todo'));
    expect(summarize(text, 1, []).counts).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  it('is good only when tests passed, none failed and none was skipped', () => {
    expect(good(report(file('passed')), 0, [])).toBe(true);
    expect(good(report(file('passed', 'failed')), 1, [])).toBe(false);
    expect(good(report(file('passed', 'skipped')), 0, [])).toBe(false);
    expect(good(report(), 0, [])).toBe(false);
  });

  it('counts a file that failed as a whole', () => {
    const text = report(file('passed'), { ...file(), status: 'failed', message: 'no such module' });
    const { counts, remarks } = summarize(text, 1, []);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(remarks).toEqual(['failed as a whole: a.test.ts no such module']);
  });

  it('counts a run that failed outside of its tests', () => {
    expect(summarize(report(file('passed')), 1, []).counts.failed).toBe(1);
    const unhandled = JSON.stringify({ success: false, testResults: [file('passed')] });
    expect(summarize(unhandled, 0, []).counts.failed).toBe(1);
  });

  it('counts a missing or broken report as a failure', () => {
    expect(summarize(null, 1, []).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(summarize('{"testRes', 0, []).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('counts every failed check', () => {
    const { counts, remarks } = summarize(report(file('passed')), 0, ['types', 'lint']);
    expect(counts).toEqual({ passed: 1, failed: 2, skipped: 0 });
    expect(remarks).toEqual(['check failed: types', 'check failed: lint']);
  });
});

import { describe, expect, it } from 'vitest';
import { readReport } from '../../src/check/report.ts';
import type { Exercise } from '../../src/content/manifest.ts';
import type { Wanted } from '../../src/verify/Claim.ts';
import { judgeClaim } from '../../src/verify/judgeClaim.ts';

const ASSERTION = 'AssertionError: expected 1 to be 2\n    at /w/tests/01-a.test.ts:7:3';
const TIMEOUT = 'Error: Test timed out in 60000ms.\nIf this is a long-running test, …';
const BROKEN = 'TypeError: fetch failed\n    at /w/tests/01-a.test.ts:7:3';

type Tests = Readonly<Record<string, 'passed' | 'skipped' | string>>;

const exercises = [
  { id: '1.1', passAtFirst: ['guards'] as string[] },
  { id: '1.2', passAtFirst: [] as string[] },
] as Exercise[];
const PASSED: Tests = { '1.1 adds': 'passed', '1.1 guards': 'passed', '1.2 counts': 'passed' };

/** `tests`: a title and `passed`, `skipped`, or the failure's message. */
function judged(wanted: Wanted, tests: Tests, file: object = {}) {
  const assertionResults = Object.entries(tests).map(([title, state]) => {
    const failed = state !== 'passed' && state !== 'skipped';
    return {
      ...{ ancestorTitles: [], fullName: title, title },
      status: failed ? 'failed' : state,
      failureMessages: failed ? [state] : [],
    };
  });
  const testResults = [{ name: '01-a.test.ts', status: 'passed', ...file, assertionResults }];
  return judgeClaim(wanted, readReport(JSON.stringify({ success: true, testResults }))!, exercises);
}

const isProven = (...args: Parameters<typeof judged>) => judged(...args).flaws.length === 0;

describe('an answer that is solved', () => {
  const solved: Wanted = { kind: 'solved' };

  it('passes every test', () => {
    expect(judged(solved, PASSED)).toEqual({ flaws: [], killers: [] });
  });

  it.each([
    ['fails one', { ...PASSED, '1.2 counts': ASSERTION }, /^failed: 1\.2 counts\nexpected 1 to/],
    ['has one skipped', { ...PASSED, '1.2 counts': 'skipped' }, /^skipped: 1\.2 counts$/],
    ['has none for an exercise', { '1.1 adds': 'passed' }, /^no test of exercise 1\.2$/],
  ])('is none when it %s', (_what, tests, flaw) => {
    expect(judged(solved, tests).flaws).toEqual([expect.stringMatching(flaw)]);
  });

  it('is none when something fails outside of the tests', () => {
    const { flaws } = judged(solved, PASSED, { status: 'failed', message: 'no module' });
    expect(flaws).toEqual(['outside of the tests: no module']);
  });
});

describe('a starter', () => {
  const start: Wanted = { kind: 'at-start' };
  const asDeclared: Tests = {
    '1.1 adds': ASSERTION,
    '1.1 guards': 'passed',
    '1.2 counts': ASSERTION,
    boots: 'passed',
  };

  it('fails the tests of its exercises, but for those that the manifest names', () => {
    expect(judged(start, asDeclared)).toEqual({ flaws: [], killers: ['1.1 adds', '1.2 counts'] });
  });

  it.each([
    ['passes a test of an exercise', { '1.2 counts': 'passed' }, /passed, though nothing/],
    ['times out', { '1.2 counts': TIMEOUT }, /^timed out: 1\.2 counts/],
    ['crashes', { '1.2 counts': BROKEN }, /^broke: 1\.2 counts\nTypeError: fetch failed/],
    ['skips', { '1.2 counts': 'skipped' }, /^skipped/],
    ['fails what it should pass', { '1.1 guards': ASSERTION }, /^failed: 1\.1 guards/],
    ['fails a test of no exercise', { boots: ASSERTION }, /^failed: boots/],
  ])('is a wrong one when it %s', (_what, tests, flaw) => {
    const { flaws } = judged(start, { ...asDeclared, ...tests } as Tests);
    expect(flaws).toEqual([expect.stringMatching(flaw)]);
  });

  it('is a wrong one when the manifest names a test that there is not', () => {
    const { '1.1 guards': _guards, ...others } = asDeclared;
    expect(judged(start, others).flaws).toEqual([expect.stringMatching(/there is not: 1\.1 gua/)]);
  });

  it('is a wrong one when its nodes do not start', () => {
    const skipped = { '1.1 adds': 'skipped', '1.1 guards': 'skipped', '1.2 counts': 'skipped' };
    const { flaws } = judged(start, skipped, { status: 'failed', message: 'no cluster' });
    expect(flaws[0]).toBe('broke: 1.1 adds\nno cluster');
  });
});

describe('a region at its start', () => {
  const rejected: Wanted = { kind: 'rejected', exercise: '1.1' };

  it('fails a test of its own exercise', () => {
    expect(isProven(rejected, { ...PASSED, '1.1 adds': ASSERTION, '1.2 counts': 'skipped' })).toBe(
      true,
    );
  });

  it.each([
    ['only a test of another fails', { '1.2 counts': ASSERTION }, /every test of 1\.1 passed/],
    ['it crashes', { '1.1 adds': BROKEN }, /^broke: 1\.1 adds/],
    ['one more times out', { '1.1 adds': ASSERTION, '1.1 guards': TIMEOUT }, /^timed out/],
    ['none ran', { '1.1 adds': 'skipped', '1.1 guards': 'skipped' }, /^no test of 1\.1 ran/],
  ])('is not seen when %s', (_what, tests, flaw) => {
    const { flaws } = judged(rejected, { ...PASSED, ...tests } as Tests);
    expect(flaws).toEqual([expect.stringMatching(flaw)]);
  });
});

describe('the step before', () => {
  const rejected: Wanted = { kind: 'rejected' };

  it('fails at least one test, or its nodes do not even get ready', () => {
    expect(judged(rejected, { ...PASSED, '1.1 adds': ASSERTION, '1.2 counts': BROKEN })).toEqual({
      flaws: [],
      killers: ['1.1 adds', '1.2 counts'],
    });
    const file = { status: 'failed', message: 'no cluster' };
    expect(isProven(rejected, { '1.1 adds': 'skipped' }, file)).toBe(true);
  });

  it('proves nothing when no test failed', () => {
    expect(judged(rejected, PASSED).flaws).toEqual(['not rejected: no test failed']);
  });
});

describe('a wrong answer', () => {
  const by = (title: string): Wanted => ({ kind: 'rejected', by: title });
  const tests = { ...PASSED, '1.1 adds': ASSERTION, '1.2 counts': ASSERTION };

  it('is rejected by the test that it names, which stands first', () => {
    expect(judged(by('1.2 counts'), tests)).toEqual({
      flaws: [],
      killers: ['1.2 counts', '1.1 adds'],
    });
  });

  it('may name it by a beginning that no other test has', () => {
    expect(isProven(by('1.2'), tests)).toBe(true);
    expect(judged(by('1.1'), tests).flaws).toEqual(['2 tests begin with "1.1"']);
  });

  it('may name a test whose title another one begins with', () => {
    expect(isProven(by('1.1 adds'), { ...tests, '1.1 adds twice': 'passed' })).toBe(true);
  });

  it.each([
    ['it passes', '1.1 guards', {}, [/^not rejected by "1\.1 guards"$/, /but by/, /but by/]],
    ['there is no such test', '1.3 x', {}, [/^there is no test "1\.3 x"$/]],
    ['it timed out', '1.1 adds', { '1.1 adds': TIMEOUT }, [/^timed out: 1\.1 adds/]],
    ['it did not run', '1.1 adds', { '1.1 adds': 'skipped' }, [/^skipped: 1\.1 adds/]],
  ])('is not when %s', (_what, title, change, flaws) => {
    const found = judged(by(title), { ...tests, ...change } as Tests).flaws;
    expect(found).toEqual(flaws.map((flaw) => expect.stringMatching(flaw)));
  });
});

import { describe, expect, it } from 'vitest';
import { infraTrouble, judge } from '../../src/check/judge.ts';
import { type Report, readReport } from '../../src/check/report.ts';
import type { Exercise } from '../../src/content/manifest.ts';

const STACK =
  'AssertionError: \u001b[31mexpected\u001b[39m 1 to be 2\n    at /w/tests/01-a.test.ts:7:3';

interface FakeTest {
  readonly title: string;
  readonly status: string;
  readonly groups?: readonly string[];
  readonly failure?: string;
}

function reportOf(tests: readonly FakeTest[], file: object = {}, success = false): string {
  return JSON.stringify({
    success,
    testResults: [
      {
        name: 'tests/01-a.test.ts',
        status: 'passed',
        message: '',
        ...file,
        assertionResults: tests.map(({ title, status, groups = [], failure }) => ({
          ancestorTitles: groups,
          fullName: [...groups, title].join(' '),
          title,
          status,
          failureMessages: failure === undefined ? [] : [failure],
        })),
      },
    ],
  });
}

const exercises = ['1.1', '1.2'].map((id) => ({ id }) as Exercise);
const judged = (report: Report | null, touched: string[] = []) =>
  judge(exercises, report!, new Set(touched));
const states = (report: Report | null, touched: string[] = []) =>
  Object.fromEntries(judged(report, touched).exercises);

describe("vitest's report", () => {
  it('gives each test to the exercise that its title begins with, or its group', () => {
    const report = readReport(
      reportOf([
        { title: '1.1 adds', status: 'passed' },
        { title: 'counts', status: 'passed', groups: ['1.2 Keep a total'] },
        { title: 'starts', status: 'passed' },
      ]),
    );
    expect(report!.outcomes.map(({ exercise, title }) => [exercise, title])).toEqual([
      ['1.1', 'adds'],
      ['1.2', 'counts'],
      [null, 'starts'],
    ]);
  });

  it('says what happened without colour or stack, and where the test stands', () => {
    const report = readReport(reportOf([{ title: '1.1 a', status: 'failed', failure: STACK }]));
    expect(report!.outcomes[0]).toMatchObject({
      message: 'expected 1 to be 2',
      testLine: 'tests/01-a.test.ts:7',
    });
  });

  it.each(['', '{"success": true, "testRes', '{}'])('is none when it is %o', (text) => {
    expect(readReport(text)).toBeNull();
  });
});

describe('a step', () => {
  const passed = [
    { title: '1.1 a', status: 'passed' },
    { title: '1.2 b', status: 'passed' },
  ];

  it('is solved when every exercise has tests and all passed', () => {
    expect(judged(readReport(reportOf(passed, {}, true))).isSolved).toBe(true);
  });

  it.each([
    ['skipped', [...passed, { title: '1.1 c', status: 'skipped' }], {}],
    ['to be written', [...passed, { title: '1.1 c', status: 'todo' }], {}],
    ['failed and belongs to no exercise', [...passed, { title: 'c', status: 'failed' }], {}],
    ['missing', passed.slice(1), {}],
    ['in a file that failed as a whole', passed, { status: 'failed', message: 'no module' }],
  ])('is not when a test is %s', (_what, tests, file) => {
    const judgement = judged(readReport(reportOf(tests, file, true)));
    expect(judgement.isSolved).toBe(false);
  });

  it('is not when something failed outside of the tests', () => {
    const judgement = judged(readReport(reportOf(passed, {}, false)));
    expect(judgement.isSolved).toBe(false);
    expect(judgement.remarks).toEqual([expect.stringContaining('nobody caught')]);
  });

  it('tells an exercise that failed from one that nobody has begun', () => {
    const report = readReport(
      reportOf([
        { title: '1.1 a', status: 'failed', failure: STACK },
        { title: '1.2 b', status: 'failed', failure: STACK },
      ]),
    );
    expect(states(report, ['1.2'])).toEqual({ '1.1': 'to do', '1.2': 'failing' });
  });

  it('tells an exercise that was skipped from one without tests', () => {
    const report = readReport(reportOf([{ title: '1.1 a', status: 'skipped' }], {}, true));
    expect(states(report)).toEqual({ '1.1': 'skipped', '1.2': 'untested' });
  });

  it('has the failures of its first exercise first', () => {
    const failed = ['x', '1.2 b', '1.1 a'].map((title) => ({ title, status: 'failed' }));
    const { failures } = judged(readReport(reportOf(failed)));
    expect(failures.map(({ exercise }) => exercise)).toEqual(['1.1', '1.2', null]);
  });

  it('fails with the reason of a hook that failed before its tests', () => {
    const tests = [{ title: 'a', status: 'skipped', groups: ['1.1 G', 'inner'] }];
    const report = readReport(reportOf(tests, { status: 'failed' }), [
      { titles: ['1.1 G'], message: 'Error: the cluster did not start' },
    ]);
    expect(judged(report).failures[0]!.message).toBe('the cluster did not start');
  });

  it("fails with the file's reason when its own hook failed", () => {
    const report = readReport(
      reportOf([{ title: '1.1 a', status: 'skipped' }], { status: 'failed', message: 'no start' }),
    );
    expect(judged(report).failures[0]).toMatchObject({ exercise: '1.1', message: 'no start' });
  });
});

describe('trouble of the machine', () => {
  const trouble = (message: string) =>
    infraTrouble(readReport(reportOf([{ title: '1.1 a', status: 'failed', failure: message }]))!);

  it.each([
    ['a full disk', 'ENOSPC: no space left on device, write', /disk is full/],
    ['too many files', 'listen EMFILE: too many open files', /ulimit/],
    ['no container engine', 'Could not find a working container runtime strategy', /Docker/],
    ['what the harness calls so', 'Error: INFRA: no image x', /^no image x$/],
  ])('is %s', (_what, message, expected) => {
    expect(trouble(message)).toMatch(expected);
  });

  it('is not a failed assertion', () => {
    expect(trouble(STACK)).toBeNull();
  });
});

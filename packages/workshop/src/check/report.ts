// vitest's JSON report as outcomes of exercises: a test's title begins with its exercise's number.
import { z } from 'zod';

/** The parts of the report (Jest's format) that are read here. */
const reportSchema = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          fullName: z.string(),
          title: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** A failed hook of a group of tests: the JSON report does not have it. */
export interface GroupError {
  /** The group's title after those of the groups around it. */
  readonly titles: readonly string[];
  readonly message: string;
}

export type Cause = 'assertion' | 'timeout' | 'error';

export interface Outcome {
  /** Null for a test of the step as a whole. */
  readonly exercise: string | null;
  /** What should hold, without the exercise's number. */
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What happened instead; empty unless failed. */
  readonly message: string;
  /** How it failed: an answer was not the expected one, time ran out, or something broke. */
  readonly cause: Cause | null;
  /** The line of the test, as `tests/03-persistence.test.ts:41`, where it is known. */
  readonly testLine: string | null;
}

export interface Report {
  readonly outcomes: readonly Outcome[];
  /** What failed outside of any test: a file that cannot be loaded, an error nobody caught. */
  readonly remarks: readonly string[];
}

/** @returns null when the text is no report: the runner died while writing, or before */
export function readReport(text: string, groupErrors: readonly GroupError[] = []): Report | null {
  const parsed = parse(text);
  if (parsed === null) return null;
  const outcomes: Outcome[] = [];
  const remarks: string[] = [];
  for (const file of parsed.testResults) {
    const fileMessage = clean(file.message ?? '');
    const before = outcomes.length;
    for (const test of file.assertionResults) {
      outcomes.push(outcomeOf(test, groupErrors, fileMessage));
    }
    const failedHere = outcomes.slice(before).some(({ state }) => state === 'failed');
    if (file.status === 'failed' && !failedHere) {
      remarks.push(fileMessage || `${file.name} failed as a whole`);
    }
  }
  const failed = outcomes.some(({ state }) => state === 'failed');
  if (!parsed.success && !failed && remarks.length === 0) {
    remarks.push('something failed outside of the tests: an error that nobody caught');
  }
  return { outcomes, remarks };
}

type TestResult = z.infer<typeof reportSchema>['testResults'][number]['assertionResults'][number];

function outcomeOf(
  test: TestResult,
  groupErrors: readonly GroupError[],
  fileMessage: string,
): Outcome {
  const [exercise, title] = named([test.title, ...test.ancestorTitles.toReversed()]);
  const raw = test.failureMessages?.join('\n\n') ?? '';
  const testLine = /\btests\/[\w./-]+\.test\.ts:\d+/.exec(raw)?.[0] ?? null;
  const rest = { exercise, title, testLine };
  switch (test.status) {
    case 'passed':
      return { ...rest, state: 'passed', message: '', cause: null };
    case 'failed': {
      const cause = causeOf(test.failureMessages ?? []);
      return { ...rest, state: 'failed', message: clean(raw), cause };
    }
    default: {
      // Tests behind a hook that failed are reported as skipped.
      const group = groupErrors.find(({ titles }) =>
        titles.every((title, index) => title === test.ancestorTitles[index]),
      );
      const message = group === undefined ? fileMessage : clean(group.message);
      return message === ''
        ? { ...rest, state: 'skipped', message, cause: null }
        : { ...rest, state: 'failed', message, cause: 'error' };
    }
  }
}

/**
 * A test and its hooks may fail one after the other: an assertion is the cause only if nothing else is.
 * An unsolved exercise that says so is as good as one.
 */
function causeOf(messages: readonly string[]): Cause {
  const plain = messages.map((message) => message.replace(ANSI, ''));
  if (plain.some((message) => /^\w*Error: (Test|Hook) timed out in \d+ ?ms/.test(message))) {
    return 'timeout';
  }
  const asserted =
    plain.length > 0 &&
    plain.every((message) => /^(Assertion|NotImplemented)Error\b/.test(message));
  return asserted ? 'assertion' : 'error';
}

/** The exercise's number from the test's title or else from its groups', and the title without it. */
function named(titles: readonly string[]): [string | null, string] {
  const [own = ''] = titles;
  for (const title of titles) {
    const match = /^(\d+\.\d+)\b[\s:–-]*/.exec(title);
    if (match !== null) {
      return [match[1]!, title === own ? own.slice(match[0].length) : own];
    }
  }
  return [null, own];
}

/** A failure's message for a reader: no colours, no stack. */
function clean(message: string): string {
  return message
    .replace(ANSI, '')
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
    .replace(/^(AssertionError|TestTimeoutError|NotImplementedError|Error): /, '')
    .trim();
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const ANSI = /\u001b\[[\d;]*m/g;

function parse(text: string): z.infer<typeof reportSchema> | null {
  try {
    const parsed = reportSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

// Runs a step's tests, against the learner's files or the solution's, in a vitest of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { type GroupError, type Report, readReport } from './report.ts';
import type { CheckEvent } from './reporter.ts';

export type Target =
  | 'steps'
  | 'solutions'
  /** A folder that stands for the step, by its path from the root. */
  | { readonly dir: string };

export interface TestRun {
  /** Null when vitest ended without one. */
  readonly report: Report | null;
  /** Everything the tests and their nodes printed, kept for the curious. */
  readonly logFile: string;
  /** The last lines of what vitest itself said. */
  readonly said: string;
}

export interface RunOptions {
  /** A test has ended. */
  readonly onTest?: (title: string, state: string) => void;
  /** Runs only the tests whose full name fits; the others are reported as skipped. */
  readonly only?: RegExp;
  /** Where to keep what was said, below `.workshop/`; by default named after step and target. */
  readonly logName?: string;
  /** Ends the run. */
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const REPORTER = fileURLToPath(new URL('./reporter.ts', import.meta.url));
export const VITEST = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);
const MAX_SAID_CHARS = 4_000;

/** @throws the signal's reason when it was aborted */
export async function runTests(
  workshop: Workshop,
  step: Step,
  target: Target,
  { onTest, only, logName = logNameOf(step, target), signal, env = process.env }: RunOptions = {},
): Promise<TestRun> {
  signal?.throwIfAborted();
  const dir = mkdtempSync(join(tmpdir(), 'workshop-test-'));
  const reportFile = join(dir, 'report.json');
  const groupErrors: GroupError[] = [];
  const unhandled: string[] = [];
  const log: string[] = [];
  const args = ['run', step.testFile, `--reporter=${REPORTER}`, '--reporter=json'];
  if (only !== undefined) args.push(`--testNamePattern=${only.source}`);
  const wanted = typeof target === 'string' ? target : target.dir;
  const child = spawn(process.execPath, [VITEST, ...args, `--outputFile.json=${reportFile}`], {
    cwd: workshop.root,
    env: { ...withoutVitest(env), WORKSHOP_TARGET: wanted, NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own, so that all of vitest's workers can be ended together. Ctrl-C does not
    // reach it: that is what the signal is for.
    detached: true,
  });
  const stop = endGroup(child.pid);
  signal?.addEventListener('abort', stop, { once: true });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MAX_SAID_CHARS);
    });
  }
  child.on('message', (event: CheckEvent) => {
    switch (event.kind) {
      case 'test':
        log.push(`\n== ${event.state}: ${event.title}\n`);
        onTest?.(event.title, event.state);
        break;
      case 'group-error':
        groupErrors.push(event);
        break;
      case 'error':
        unhandled.push(event.message);
        break;
      case 'log':
        log.push(event.text);
        break;
      default:
        event satisfies never;
    }
  });
  try {
    await once(child, 'close');
    signal?.throwIfAborted();
    const report = readReport(readIfThere(reportFile), groupErrors);
    return {
      report: report && { ...report, remarks: [...unhandled, ...report.remarks] },
      logFile: keepLog(workshop, logName, log.join('') + said),
      said: said.trim(),
    };
  } finally {
    signal?.removeEventListener('abort', stop);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The tests may themselves be run by a test. */
function withoutVitest(env: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(VITEST|TEST$|DEV$|PROD$|MODE$|SSR$)/.test(name)),
  );
}

function endGroup(pid: number | undefined): () => void {
  return () => {
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
}

function logNameOf({ number, name }: Step, target: Target): string {
  if (target === 'steps') return `test-${number}.log`;
  return target === 'solutions' ? `test-${number}-solution.log` : `test-${name}.log`;
}

function keepLog(workshop: Workshop, name: string, text: string): string {
  const file = join(workshop.kept, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return `.workshop/${name}`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

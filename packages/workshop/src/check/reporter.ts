// Loaded by vitest in its own process: tells the command what happens while it happens, and what
// the JSON report leaves out.
import { stripVTControlCharacters } from 'node:util';
import type { UserConsoleLog } from 'vitest';
import type { Reporter, TestCase, TestSuite } from 'vitest/node';

export type CheckEvent =
  | { readonly kind: 'test'; readonly title: string; readonly state: string }
  | { readonly kind: 'group-error'; readonly titles: readonly string[]; readonly message: string }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'error'; readonly message: string };

export default class CheckReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    tell({ kind: 'test', title: test.fullName, state: test.result().state });
  }

  onTestSuiteResult(suite: TestSuite): void {
    for (const error of suite.errors()) {
      tell({ kind: 'group-error', titles: titlesOf(suite), message: error.message });
    }
  }

  onUserConsoleLog({ content }: UserConsoleLog): void {
    tell({ kind: 'log', text: stripVTControlCharacters(content) });
  }

  onTestRunEnd(_modules: unknown, unhandled: readonly { message?: string }[]): void {
    for (const { message } of unhandled) tell({ kind: 'error', message: String(message) });
  }
}

function titlesOf(suite: TestSuite): string[] {
  const { parent, name } = suite;
  return parent.type === 'suite' ? [...titlesOf(parent), name] : [name];
}

function tell(event: CheckEvent): void {
  process.send?.(event);
}

// `docs/proof.md`: every claim with its verdict, as a table a step. Pure.
import type { Step } from '../content/Step.ts';
import type { ClaimKind } from './Claim.ts';
import type { Result } from './proveAll.ts';

export interface PageOptions {
  /** A day, as 2026-11-23. */
  readonly date: string;
  readonly node: string;
  /** What is missing altogether: too few wrong answers, a step that is not as generated. */
  readonly shortfalls: readonly string[];
}

const ORDER: readonly ClaimKind[] = [
  'solution',
  'starter',
  'previous',
  'region',
  'wrong answer',
  'alternative',
];

export function proofPage(
  results: readonly Result[],
  { date, node, shortfalls }: PageOptions,
): string {
  const steps = [...new Set(results.map(({ claim }) => claim.step))];
  const parts = [
    '# Proof that the tests teach the truth',
    `Written by \`npm run verify\` on ${date}, with Node ${node}.`,
    INTRODUCTION,
    ...(shortfalls.length > 0 ? [`**Missing**\n\n${bullets(shortfalls)}`] : []),
    totals(steps, results),
    ...steps.map((step) => section(step, results)),
  ];
  return `${parts.join('\n\n')}\n`;
}

const INTRODUCTION = `What is claimed of every step, and how it was tried:

- **solution**: all tests pass, none is skipped, so many times in a row.
- **starter**: it type-checks and boots. Every test of an exercise fails, each by an assertion and none
  by a crash or a time-out; every other test passes.
- **previous**: the step before it does not pass for this one.
- **region**: the solution with this one place as it is handed out fails a test of its own exercise.
- **wrong answer**: a plausible mistake, \`tests/wrong-answers/\`, fails by the test that it names. That
  one stands first; what else failed is counted.
- **alternative**: another right answer, \`tests/alternatives/\`, passes every test.`;

function totals(steps: readonly Step[], results: readonly Result[]): string {
  const line = (name: string, some: readonly Result[]) => {
    const cells = ORDER.map((kind) => count(some.filter(({ claim }) => claim.kind === kind)));
    return tableLine([name, ...cells, seconds(sum(some))]);
  };
  const lines = steps.map((step) => line(step.name, of(step, results)));
  const all = steps.length > 1 ? [line('all', results)] : [];
  return table(['step', ...ORDER, 'seconds'], [...lines, ...all]);
}

function section(step: Step, results: readonly Result[]): string {
  const own = ORDER.flatMap((kind) => of(step, results).filter(({ claim }) => claim.kind === kind));
  const lines = own.map((result) => {
    const { claim, proof } = result;
    const cells = [
      claim.name,
      claim.about,
      verdict(result),
      killedBy(result),
      seconds(proof.tookMs),
    ];
    return tableLine(cells);
  });
  const flawed = own.filter(({ flaws }) => flaws.length > 0);
  const flaws = flawed.map(({ claim, flaws }) => `**${claim.name}**\n\n${bullets(flaws)}`);
  const heading = `## Step ${step.number}: ${step.manifest.title}`;
  return [
    heading,
    table(['claim', 'about', 'verdict', 'killed by', 'seconds'], lines),
    ...flaws,
  ].join('\n\n');
}

function verdict({ claim, proof, flaws }: Result): string {
  if (flaws.length > 0) return '**not proven**';
  return claim.times > 1 ? `proven, ${proof.runs} of ${claim.times}` : 'proven';
}

function killedBy({ claim, proof }: Result): string {
  const { killers } = proof;
  if (claim.kind === 'starter' || claim.kind === 'previous') return `${killers.length} tests`;
  const [first, ...others] = killers;
  if (first === undefined) return '';
  return others.length === 0 ? first : `${first} (and ${others.length} more)`;
}

function of(step: Step, results: readonly Result[]): Result[] {
  return results.filter(({ claim }) => claim.step === step);
}

function count(results: readonly Result[]): string {
  if (results.length === 0) return '–';
  const proven = results.filter(({ flaws }) => flaws.length === 0).length;
  return `${proven} of ${results.length}`;
}

function sum(results: readonly Result[]): number {
  return results.reduce((total, { proof }) => total + proof.tookMs, 0);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(0);
}

function bullets(texts: readonly string[]): string {
  return texts.map((text) => `- ${text.replaceAll('\n', '\n  ')}`).join('\n');
}

function table(head: readonly string[], lines: readonly string[]): string {
  return [tableLine(head), tableLine(head.map(() => '---')), ...lines].join('\n');
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

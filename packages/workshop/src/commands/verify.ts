// `npm run verify`: whether the tests tell right from wrong, for every step. See docs/proof.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Step } from '../content/Step.ts';
import { WorkshopError } from '../errors.ts';
import type { Output } from '../Output.ts';
import { indented, plural, WIDTH } from '../text.ts';
import { claimsOn, needsContainers } from '../verify/Claim.ts';
import { proofPage } from '../verify/proofPage.ts';
import { proveAll, type Result } from '../verify/proveAll.ts';
import { shortfallsOf } from '../verify/shortfalls.ts';
import { type Context, EXIT } from './Context.ts';

const PAGE = 'docs/proof.md';
/** How often in a row a solution has to be green. */
const TIMES = 20;
/** More at a time take the processor from each other, and tests are about time. */
const MAX_JOBS = 2;
const MAX_FLAW_LINES = 12;

export async function verify(context: Context): Promise<number> {
  const { workshop, args, out, signal, env } = context;
  const flags = flagsOf(args);
  const steps = flags.step === undefined ? workshop.steps : [workshop.step(flags.step)];
  const byStep = steps.map((step) => {
    const previous = workshop.steps[workshop.steps.indexOf(step) - 1] ?? null;
    // In a usual run of all tests those of containers are left out.
    const areTested =
      flags.areTested && (!needsContainers(step) || env.WORKSHOP_DRIVER === 'containers');
    return { step, claims: claimsOn(workshop.root, step, previous, { ...flags, areTested }) };
  });
  const shortfalls = byStep.flatMap(({ step, claims }) => shortfallsOf(workshop, step, claims));
  const { dim, red } = out.colors;
  // Minutes for a claim: whoever wants these without the full form names the step.
  const isLeftOut = (step: Step) =>
    flags.isQuick && flags.step === undefined && needsContainers(step);
  for (const { step } of byStep.filter(({ step }) => isLeftOut(step))) {
    out.line(dim(`step ${step.number} runs in containers: left to the full form, or to --step`));
  }
  const claims = byStep.flatMap(({ step, claims: own }) => (isLeftOut(step) ? [] : own));
  const results = await proveAll(workshop, claims, {
    ...{ signal, env, jobs: flags.jobs },
    onKnown: (count) => out.line(dim(`${plural(count, 'claim')} proven before`)),
    onResult: (result) => tellOne(result, out),
  });
  for (const shortfall of shortfalls) out.line(`${red('✗')} ${shortfall}`);
  if (!flags.isQuick && flags.step === undefined) {
    const date = new Date().toISOString().slice(0, 10);
    const file = join(workshop.root, PAGE);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, proofPage(results, { date, node: process.version, shortfalls }));
    out.lines('', `Written: ${PAGE}`);
  }
  return tellAll(results, shortfalls, out);
}

/** @throws WorkshopError naming the flag and what it takes */
function flagsOf(args: readonly string[]) {
  const { step, times, jobs, quick, tested } = parse(args);
  const isQuick = quick === true;
  return {
    step,
    isQuick,
    areTested: tested === true,
    times: whole('times', times) ?? (isQuick ? 1 : TIMES),
    jobs: whole('jobs', jobs) ?? Math.min(MAX_JOBS, availableParallelism()),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { step: text, times: text, jobs: text, quick: flag, tested: flag };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const all = '--step N, --quick, --tested, --times N and --jobs N';
    throw new WorkshopError(`${(error as Error).message}\nverify takes ${all}.`);
  }
}

function whole(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new WorkshopError(`--${name} takes a whole number from 1 to 9999, got "${text}".`);
}

/** A line for what is proven; the flaws as well for what is not. */
function tellOne({ claim, proof, flaws, logFile }: Result, out: Output): void {
  const { green, red, dim } = out.colors;
  const took = `${(proof.tookMs / 1000).toFixed(0)} s`.padStart(6);
  const runs = claim.times > 1 ? `  ${proof.runs} of ${claim.times}` : '';
  const text = `${claim.step.number}  ${claim.name}${runs}`;
  const width = WIDTH - 3 - took.length;
  const shown = text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
  out.line(`${flaws.length === 0 ? green('✓') : red('✗')} ${shown} ${dim(took)}`);
  if (flaws.length === 0) return;
  const lines = flaws.flatMap((flaw) => indented(flaw, 4).split('\n'));
  out.lines(...lines.slice(0, MAX_FLAW_LINES));
  if (lines.length > MAX_FLAW_LINES) out.line(`    … ${lines.length - MAX_FLAW_LINES} more lines`);
  if (claim.files !== null) out.line(dim(`    its files: ${claim.dir}`));
  if (logFile !== null) out.line(dim(`    what the nodes said: ${logFile}`));
}

function tellAll(results: readonly Result[], shortfalls: readonly string[], out: Output): number {
  const { bold, green, red } = out.colors;
  const flawed = results.filter(({ flaws }) => flaws.length > 0);
  out.line();
  if (flawed.length === 0 && shortfalls.length === 0) {
    out.line(`${bold(green('PROVEN'))}  all of ${plural(results.length, 'claim')}`);
    return EXIT.ok;
  }
  const missing = shortfalls.length > 0 ? `, ${plural(shortfalls.length, 'shortfall')}` : '';
  const count = `${flawed.length} of ${plural(results.length, 'claim')}`;
  out.line(`${bold(red('NOT PROVEN'))}  ${count}${missing}`);
  for (const { claim } of flawed) out.line(`  step ${claim.step.number}: ${claim.name}`);
  out.next('npm run verify', 'once they are mended; what is proven is not run again');
  return EXIT.notYet;
}

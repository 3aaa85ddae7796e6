// `npm run verify`: whether the tests tell right from wrong, for every step. See docs/proof.md.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { isStarter } from '../content/writeStarter.ts';
import { WorkshopError } from '../errors.ts';
import { isCommitted } from '../git.ts';
import type { Output } from '../Output.ts';
import { indented, plural, WIDTH } from '../text.ts';
import {
  type Claim,
  claimsOn,
  MIN_ALTERNATIVES,
  MIN_WRONG_ANSWERS,
  VARIANTS,
} from '../verify/Claim.ts';
import { Ledger } from '../verify/Ledger.ts';
import { proofPage, type Row } from '../verify/proofPage.ts';
import { prove } from '../verify/prove.ts';
import { typecheck } from '../verify/typecheck.ts';
import { removeVariant, writeVariant } from '../verify/variants.ts';
import { type Context, EXIT } from './Context.ts';

const TIMES = 20;
const MAX_FLAW_LINES = 12;

export async function verify(context: Context): Promise<number> {
  const { workshop, args, out, signal } = context;
  const { step, quick, tested, times, jobs } = flagsOf(args);
  const steps = step === undefined ? workshop.steps : [workshop.step(step)];
  const claims = steps.flatMap((one) => {
    const previous = workshop.steps[workshop.steps.indexOf(one) - 1] ?? null;
    const options = { isQuick: quick, times: times ?? (quick ? 1 : TIMES), areTested: tested };
    return claimsOn(workshop.root, one, previous, options);
  });
  const shortfalls = steps.flatMap((one) => shortfallsOf(workshop, one, claims));
  const rows = await proveAll(claims, context, jobs ?? Math.min(2, availableParallelism()));
  signal.throwIfAborted();
  for (const shortfall of shortfalls) out.line(`${out.colors.red('✗')} ${shortfall}`);
  if (!quick && step === undefined) {
    const page = proofPage(rows, {
      date: new Date().toISOString().slice(0, 10),
      node: process.version,
      shortfalls,
    });
    writeFileSync(join(workshop.root, 'docs/proof.md'), page);
    out.lines('', 'Written: docs/proof.md');
  }
  return tell(rows, shortfalls, out);
}

const POSITIVE = /^[1-9]\d{0,3}$/;

function flagsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        step: { type: 'string' },
        times: { type: 'string' },
        jobs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        tested: { type: 'boolean', default: false },
      },
    });
    const whole = (name: 'times' | 'jobs') => {
      const text = values[name];
      if (text === undefined || POSITIVE.test(text)) return text && Number(text);
      throw new Error(`--${name} takes a whole number from 1, got "${text}".`);
    };
    return { ...values, times: whole('times') || null, jobs: whole('jobs') || null };
  } catch (error) {
    const flags = '--step N, --quick, --tested, --times N and --jobs N';
    throw new WorkshopError(`${(error as Error).message}\nverify takes ${flags}.`);
  }
}

/** What no run of a test could mend. */
function shortfallsOf(workshop: Workshop, step: Step, claims: readonly Claim[]): string[] {
  const own = claims.filter((claim) => claim.step === step);
  const count = (kind: Claim['kind']) => own.filter((claim) => claim.kind === kind).length;
  const wrong = count('wrong answer');
  const alternatives = count('alternative');
  const name = `step ${step.number}`;
  const found: string[] = [];
  if (!existsSync(join(workshop.root, step.testFile))) found.push(`${name}: no ${step.testFile}`);
  if (wrong < MIN_WRONG_ANSWERS) {
    found.push(`${name}: ${plural(wrong, 'wrong answer')}, ${MIN_WRONG_ANSWERS} are wanted`);
  }
  if (alternatives < MIN_ALTERNATIVES) {
    found.push(`${name}: ${plural(alternatives, 'alternative')}, ${MIN_ALTERNATIVES} are wanted`);
  }
  // A learner's step differs, and may: only what is committed has to be as generated.
  if (isCommitted(workshop.root, `steps/${step.name}`) && !isStarter(step)) {
    found.push(`${name}: steps/${step.name} is not as generated (npm run generate)`);
  }
  return found;
}

/** In the claims' order, whatever order they end in. */
async function proveAll(claims: readonly Claim[], context: Context, jobs: number): Promise<Row[]> {
  const { workshop, out, signal, env } = context;
  const { root } = workshop;
  const rows = new Map<Claim, Row>();
  const ledger = new Ledger(workshop);
  const keys = new Map<Claim, string>();
  const none = { key: '', runs: 0, tookMs: 0, killers: [] };
  const settle = (row: Row, remark: string) => {
    rows.set(row.claim, row);
    say(row, remark, out);
  };
  try {
    for (const claim of claims) {
      const flaw = writeVariant(root, claim);
      if (flaw === null) keys.set(claim, ledger.keyOf(claim));
      else settle({ claim, proof: none, flaws: [flaw] }, '');
    }
    const open = claims.filter((claim) => {
      const key = keys.get(claim);
      return key !== undefined && ledger.read(claim, key).runs < claim.times;
    });
    const known = claims.filter((claim) => keys.has(claim) && !open.includes(claim));
    for (const claim of known) {
      const proof = ledger.read(claim, keys.get(claim)!);
      rows.set(claim, { claim, proof, flaws: [] });
    }
    if (known.length > 0)
      out.line(out.colors.dim(`${plural(known.length, 'claim')} proven before`));
    const errors = await typecheck(root, [...new Set(open.map(({ dir }) => dir))], signal);
    const queue = open.filter((claim) => {
      const own = errors.get(claim.dir);
      // The step before this one may be a draft; its own row says so.
      if (own === undefined || claim.kind === 'previous') return true;
      const flaws = own.map((error) => `does not type-check: ${error}`);
      settle({ claim, proof: none, flaws }, '');
      return false;
    });
    const work = async () => {
      for (let claim = queue.shift(); claim !== undefined; claim = queue.shift()) {
        const key = keys.get(claim)!;
        const { proof, flaws, logFile } = await prove(workshop, claim, ledger, key, {
          signal,
          env,
        });
        settle({ claim, proof, flaws }, logFile ?? '');
      }
    };
    const workers = await Promise.allSettled(Array.from({ length: jobs }, work));
    const failed = workers.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  } finally {
    // What was not proven stays, to be looked at.
    for (const claim of claims) {
      if (rows.get(claim)?.flaws.length === 0) removeVariant(root, claim);
    }
    if ([...rows.values()].every(({ flaws }) => flaws.length === 0)) {
      rmSync(join(root, VARIANTS), { recursive: true, force: true });
    }
  }
  return claims.map((claim) => rows.get(claim)!);
}

/** One line for what is proven, the flaws for what is not. */
function say({ claim, proof, flaws }: Row, remark: string, out: Output): void {
  const { green, red, dim } = out.colors;
  const took = `${(proof.tookMs / 1000).toFixed(0)} s`.padStart(6);
  const name = `${claim.step.number}  ${claim.name}`;
  const runs = claim.times > 1 ? `  ${proof.runs} of ${claim.times}` : '';
  const width = WIDTH - 2 - took.length - 1;
  const text = `${name}${runs}`;
  const shown = text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
  out.line(`${flaws.length === 0 ? green('✓') : red('✗')} ${shown} ${dim(took)}`);
  if (flaws.length === 0) return;
  const lines = flaws.flatMap((flaw) => indented(flaw, 4).split('\n'));
  out.lines(...lines.slice(0, MAX_FLAW_LINES));
  if (lines.length > MAX_FLAW_LINES) out.line(`    … ${lines.length - MAX_FLAW_LINES} more lines`);
  if (claim.files !== null) out.line(dim(`    its files: ${claim.dir}`));
  if (remark !== '') out.line(dim(`    what the nodes said: ${remark}`));
}

function tell(rows: readonly Row[], shortfalls: readonly string[], out: Output): number {
  const { bold, green, red } = out.colors;
  const flawed = rows.filter(({ flaws }) => flaws.length > 0);
  out.line();
  if (flawed.length === 0 && shortfalls.length === 0) {
    out.line(`${bold(green('PROVEN'))}  all of ${plural(rows.length, 'claim')}`);
    return EXIT.ok;
  }
  const missing = shortfalls.length > 0 ? `, ${plural(shortfalls.length, 'shortfall')}` : '';
  out.line(
    `${bold(red('NOT PROVEN'))}  ${flawed.length} of ${plural(rows.length, 'claim')}${missing}`,
  );
  for (const { claim } of flawed) out.line(`  step ${claim.step.number}: ${claim.name}`);
  out.next('npm run verify', 'once they are mended; what is proven is not run again');
  return EXIT.notYet;
}

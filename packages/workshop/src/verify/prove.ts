// Runs the tests that a claim hangs on, as often as it takes.
import { infraTrouble } from '../check/judge.ts';
import { portTrouble } from '../check/portTrouble.ts';
import { runTests } from '../check/runTests.ts';
import type { Workshop } from '../content/Workshop.ts';
import { type Claim, fileName } from './Claim.ts';
import { type Finding, judgeClaim } from './judgeClaim.ts';
import type { Ledger } from './Ledger.ts';
import type { Result } from './proveAll.ts';

export interface ProveOptions {
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Every good run is written down at once, so that an end by Ctrl-C costs no more than one.
 * @throws the signal's reason when it was aborted
 */
export async function prove(
  workshop: Workshop,
  claim: Claim,
  ledger: Ledger,
  key: string,
  options: ProveOptions,
): Promise<Omit<Result, 'claim'>> {
  let proof = ledger.read(claim, key);
  let logFile: string | null = null;
  while (proof.runs < claim.times) {
    const startedAt = performance.now();
    const run = await findingOf(workshop, claim, options);
    const killers = [...run.killers];
    const tookMs = proof.tookMs + performance.now() - startedAt;
    logFile = run.logFile;
    if (run.flaws.length > 0) {
      const green = proof.runs > 0 ? [`after ${proof.runs} good runs:`] : [];
      // In a row means in a row: the next try begins with the first run again.
      ledger.write(claim, { key, runs: 0, tookMs: 0, killers: [] });
      return { proof: { ...proof, tookMs, killers }, flaws: [...green, ...run.flaws], logFile };
    }
    proof = { key, runs: proof.runs + 1, tookMs, killers };
    ledger.write(claim, proof);
  }
  return { proof, flaws: [], logFile };
}

/** What one run says. The machine's trouble says nothing: it is run once more, since a port may be taken. */
async function findingOf(
  workshop: Workshop,
  { step, name, dir, only, wanted }: Claim,
  { signal, env }: ProveOptions,
): Promise<Finding & { readonly logFile: string }> {
  const logName = `verify/logs/${step.name}/${fileName(name)}.log`;
  for (let isLast = false; ; isLast = true) {
    const run = await runTests(workshop, step, { dir }, { only, logName, signal, env });
    const { report, logFile, said } = run;
    const trouble = report === null ? said : (infraTrouble(report) ?? (await portTrouble(report)));
    if (report !== null && trouble === null) {
      return { ...judgeClaim(wanted, report, step.exercises), logFile };
    }
    if (isLast) return { flaws: [`no verdict: ${trouble}`], killers: [], logFile };
  }
}

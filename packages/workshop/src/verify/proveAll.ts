// All claims, a few at a time: their variants are written, type-checked at once, and tested; what is
// proven already is left alone.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Workshop } from '../content/Workshop.ts';
import { containerTrouble } from '../docker.ts';
import { type Claim, needsContainers, VARIANTS } from './Claim.ts';
import { Ledger, type Proof } from './Ledger.ts';
import { type ProveOptions, prove } from './prove.ts';
import { typecheck } from './typecheck.ts';
import { removeVariant, writeVariant } from './variants.ts';

/** What came of a claim. */
export interface Result {
  readonly claim: Claim;
  readonly proof: Proof;
  /** What speaks against it; empty when it is proven. */
  readonly flaws: readonly string[];
  /** What the tests and nodes said; null when no test was run now. */
  readonly logFile: string | null;
}

export interface ProveAllOptions extends ProveOptions {
  /** How many at a time: each is a vitest with up to three nodes. */
  readonly jobs: number;
  /** Told of the claims that were proven by an earlier run. */
  readonly onKnown: (count: number) => void;
  readonly onResult: (result: Result) => void;
}

const NOTHING: Proof = { key: '', runs: 0, tookMs: 0, killers: [] };

/**
 * @returns the results in the claims' order, whatever order they came in
 * @throws the signal's reason when it was aborted
 */
export async function proveAll(
  workshop: Workshop,
  claims: readonly Claim[],
  { jobs, onKnown, onResult, ...options }: ProveAllOptions,
): Promise<Result[]> {
  const { root } = workshop;
  const ledger = new Ledger(workshop);
  const results = new Map<Claim, Result>();
  const settle = (result: Result) => {
    results.set(result.claim, result);
    onResult(result);
  };
  const refuse = (claim: Claim, flaws: readonly string[]) =>
    settle({ claim, proof: NOTHING, flaws, logFile: null });

  const open: { claim: Claim; key: string }[] = [];
  for (const claim of claims) {
    const flaw = writeVariant(root, claim);
    if (flaw !== null) {
      refuse(claim, [flaw]);
      continue;
    }
    const key = ledger.keyOf(claim, driverOf(claim, options.env));
    const proof = ledger.read(claim, key);
    if (proof.runs < claim.times) open.push({ claim, key });
    else results.set(claim, { claim, proof, flaws: [], logFile: null });
  }
  const known = [...results.values()].filter(({ flaws }) => flaws.length === 0);
  if (known.length > 0) onKnown(known.length);

  open.sort((one, other) => one.claim.times - other.claim.times); // what takes longest comes last
  const { signal } = options;
  const errors = await typecheck(root, [...new Set(open.map(({ claim }) => claim.dir))], signal);
  let lastInContainers: Promise<unknown> = Promise.resolve();
  /** Two of one step would be two of one name for the engine: these wait for each other. */
  const oneByOne = (task: () => Promise<void>) => {
    const mine = lastInContainers.then(task);
    lastInContainers = mine.catch(() => undefined); // told by `mine`
    return mine;
  };
  const work = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const { claim, key } = next;
      const flaws = flawsBefore(claim, errors.get(claim.dir) ?? [], options.env);
      if (flaws.length > 0) {
        refuse(claim, flaws);
        continue;
      }
      const env = { ...options.env, WORKSHOP_DRIVER: driverOf(claim, options.env) };
      const task = async () =>
        settle({ claim, ...(await prove(workshop, claim, ledger, key, { signal, env })) });
      await (needsContainers(claim.step) ? oneByOne(task) : task());
    }
  };
  const failure = (await Promise.allSettled(Array.from({ length: jobs }, work))).find(
    (ended) => ended.status === 'rejected',
  );
  cleanUp(root, claims, results);
  if (failure !== undefined) throw failure.reason;
  return claims.map((claim) => results.get(claim)!);
}

type Env = ProveOptions['env'];

/** What the nodes are. */
function driverOf({ step }: Claim, { WORKSHOP_DRIVER: asked }: Env): string {
  return needsContainers(step) ? 'containers' : asked || 'processes';
}

/** What makes it useless to run the tests. */
function flawsBefore({ step }: Claim, typeErrors: readonly string[], env: Env): string[] {
  if (typeErrors.length > 0) return typeErrors.map((error) => `does not type-check: ${error}`);
  const trouble = needsContainers(step) ? containerTrouble(step.number, env) : null;
  return trouble === null ? [] : [`not tried: ${trouble}`];
}

/** What was not proven stays, to be looked at. */
function cleanUp(root: string, claims: readonly Claim[], results: ReadonlyMap<Claim, Result>) {
  const stays = claims.filter((claim) => results.get(claim)?.flaws.length !== 0);
  for (const claim of claims) if (!stays.includes(claim)) removeVariant(root, claim);
  if (stays.length === 0) rmSync(join(root, VARIANTS), { recursive: true, force: true });
}

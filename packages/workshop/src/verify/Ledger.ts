// What has been proven, kept from run to run: it holds as long as nothing it depends on has changed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashOf, listFiles } from '../content/files.ts';
import { Kept } from '../content/Kept.ts';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import type { Claim } from './Claim.ts';

const proof = z.object({
  /** Of everything that it depends on. */
  key: z.string(),
  /** Good runs in a row. */
  runs: z.int().min(0),
  /** Of all these runs. */
  tookMs: z.number(),
  killers: z.array(z.string()),
});

export type Proof = z.infer<typeof proof>;

/** What every variant stands on, besides the step's tests and their harness. */
const RUNTIME = 'packages/actor-ts/src';
const HARNESS = 'tests/harness';
/** Of a step and its solution, what its program and its tests never see. */
const NOT_RUN = /^(README\.md$|exercises\.yaml$|tests\/)/;
/** The part of the harness that nodes in containers need. */
const CONTAINERS = `${HARNESS}/containers`;
/** The files of this package that nodes and tests load; the others only watch them. */
const LOADED = ['NodeProcess.ts', 'logLines.ts', 'ports.ts', 'stopWithParent.ts', 'todo.ts'];

export class Ledger {
  readonly #workshop: Workshop;
  readonly #below: string;

  constructor(workshop: Workshop) {
    const { root } = workshop;
    const loaded = LOADED.map((file) => textOf(join(root, 'packages/workshop/src', file)));
    this.#workshop = workshop;
    this.#below = digest(
      hashOf(join(root, RUNTIME)),
      ...contentsOf(join(root, HARNESS), (file) => !file.startsWith('containers/')),
      ...loaded,
      textOf(join(root, 'vitest.config.ts')),
    );
  }

  /** The key of a claim whose variant is written, for nodes of that driver. */
  keyOf({ step, dir, wanted, only }: Claim, driver: string): string {
    const { root } = this.#workshop;
    return digest(
      this.#below,
      driver === 'containers' ? hashOf(join(root, CONTAINERS)) : '',
      ...contentsOf(join(root, dir), (file) => !NOT_RUN.test(file)),
      textOf(join(root, step.testFile)),
      JSON.stringify([wanted, step.exercises.map(({ passAtFirst }) => passAtFirst)]),
      only?.source ?? '',
      driver,
    );
  }

  /** What is known of the claim as it is now; with no good runs when that is nothing. */
  read(claim: Claim, key: string): Proof {
    const known = this.#kept(claim.step).read()[slotOf(claim)];
    return known?.key === key ? known : { key, runs: 0, tookMs: 0, killers: [] };
  }

  write(claim: Claim, proof: Proof): void {
    this.#kept(claim.step).update((all) => ({ ...all, [slotOf(claim)]: proof }));
  }

  #kept({ name }: Step) {
    return new Kept(
      join(this.#workshop.kept, 'verify'),
      `${name}.json`,
      z.record(z.string(), proof),
      {},
    );
  }
}

/** A run of one test does not stand for a run of all. */
function slotOf({ kind, name, only }: Claim): string {
  return kind === 'wrong answer' && only !== undefined ? `${name} (named test)` : name;
}

function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}\0${part}`);
  return hash.digest('base64url');
}

/** Names and contents of some of the files below a folder. */
function contentsOf(dir: string, isWanted: (file: string) => boolean): string[] {
  const files = listFiles(dir).filter(isWanted);
  return files.map((file) => `${file}\0${readFileSync(join(dir, file), 'base64')}`);
}

/** Empty when it is not there: a small workshop lacks some of the files. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

// One step: its manifest, its folders, and how far the learner's version has moved from the start.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenWorkshopError } from '../errors.ts';
import { hashOf } from './files.ts';
import { type Exercise, type Manifest, readManifest } from './manifest.ts';
import { findRegions, sameLines } from './regions.ts';
import { type Files, type RegionAt, readFiles, regionsIn, starterOf } from './starter.ts';

/** A place in the step's files. */
export interface Place {
  /** From the root. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export class Step {
  readonly manifest: Manifest;
  readonly dir: string;
  readonly solutionDir: string;
  /** From the root, also on Windows with slashes. */
  readonly testFile: string;
  #starter: Files | null = null;

  constructor(root: string, manifest: Manifest) {
    this.manifest = manifest;
    this.dir = join(root, 'steps', manifest.name);
    this.solutionDir = join(root, 'solutions', manifest.name);
    this.testFile = `tests/${manifest.name}.test.ts`;
  }

  /** @throws BrokenWorkshopError */
  static read(root: string, name: string): Step {
    const file = join(root, 'solutions', name, 'exercises.yaml');
    const manifest = readManifest(file);
    if (manifest.name !== name) {
      throw new BrokenWorkshopError(`${file} says that its folder is ${manifest.name}`);
    }
    return new Step(root, manifest);
  }

  get number(): number {
    return this.manifest.step;
  }

  get name(): string {
    return this.manifest.name;
  }

  get exercises(): readonly Exercise[] {
    return this.manifest.exercises;
  }

  get exists(): boolean {
    return existsSync(join(this.dir, 'package.json'));
  }

  /** What the step holds before the learner has touched it. @throws BrokenWorkshopError */
  get starter(): Files {
    this.#starter ??= starterOf(this.manifest, readFiles(this.solutionDir));
    return this.#starter;
  }

  /** Differs as soon as any file of the learner's differs. */
  get hash(): string {
    return hashOf(this.dir);
  }

  /** The exercises in whose regions no longer the starter stands: somebody has worked there. */
  touched(): Set<string> {
    if (!this.exists) return new Set();
    const files = readFiles(this.dir);
    const touched = new Set<string>();
    for (const [file, content] of this.starter) {
      const wanted = regionsIn(new Map([[file, content]]));
      if (wanted.length === 0) continue;
      const here = readableRegions(files, file);
      const seen = new Map<string, number>();
      for (const { region } of wanted) {
        const index = seen.get(region.id) ?? 0;
        seen.set(region.id, index + 1);
        const theirs = here.filter(({ id }) => id === region.id)[index];
        if (theirs === undefined || !sameLines(theirs.lines, region.lines)) touched.add(region.id);
      }
    }
    return touched;
  }

  /** Whether every TODO still stands. */
  get isUntouched(): boolean {
    return this.touched().size === 0;
  }

  /** Where the exercise is to be solved, in the learner's files. */
  places(id: string): Place[] {
    const files = readFiles(this.dir);
    const found = [...files.keys()].flatMap((file) =>
      readableRegions(files, file)
        .filter((region) => region.id === id)
        .map((region) => ({ file: `steps/${this.name}/${file}`, line: region.start + 1 })),
    );
    if (found.length > 0) return found;
    // The markers are gone; the file at least is known.
    const first = regionsIn(this.starter).find(({ region }) => region.id === id);
    return first === undefined ? [] : [{ file: `steps/${this.name}/${first.file}`, line: 1 }];
  }

  /** The regions of the solution. @throws BrokenWorkshopError */
  solutionRegions(): RegionAt[] {
    return regionsIn(readFiles(this.solutionDir));
  }
}

/** A learner may have deleted a marker: then there are no regions to be found in that file. */
export function readableRegions(files: Files, file: string) {
  try {
    return findRegions(files.get(file)?.toString() ?? '', file);
  } catch (error) {
    if (error instanceof BrokenWorkshopError) return [];
    throw error;
  }
}

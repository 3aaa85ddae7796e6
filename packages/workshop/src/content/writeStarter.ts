// Puts a step back to its starter, and keeps what the learner had.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listFiles } from './files.ts';
import type { Step } from './Step.ts';
import { readFiles } from './starter.ts';

/** Whether the step's files are exactly the starter's. */
export function isStarter(step: Step): boolean {
  const here = readFiles(step.dir);
  if (here.size !== step.starter.size) return false;
  return [...step.starter].every(([file, content]) => here.get(file)?.equals(content));
}

/** Files that are not the starter's go; node_modules and data stay. */
export function writeStarter(step: Step): void {
  for (const file of listFiles(step.dir)) {
    if (!step.starter.has(file)) rmSync(join(step.dir, file));
  }
  for (const [file, content] of step.starter) {
    const path = join(step.dir, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** Copies the step's files to a folder of their own. */
export function keepCopy(step: Step, to: string): void {
  for (const file of listFiles(step.dir)) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(step.dir, file), join(to, file));
  }
}

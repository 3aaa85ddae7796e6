// The nodes of one step, for all tests of a file: the learner's version, the solution, or a variant.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterOptions, TestCluster } from './Driver.ts';
import { useCluster } from './useCluster.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The folder of step `number`, as WORKSHOP_TARGET says: the learner's (`steps`, the default), the
 * solution's (`solutions`), or a folder by its path from the root (`.workshop/verify/…`), which then
 * stands for whatever step is tested.
 */
export function stepDir(number: number): string {
  const { WORKSHOP_TARGET: target = 'steps' } = process.env;
  if (target.includes('/')) return resolve(ROOT, target);
  if (target !== 'steps' && target !== 'solutions') {
    throw new Error(`WORKSHOP_TARGET takes steps, solutions or a path with a /, got "${target}"`);
  }
  const prefix = `${String(number).padStart(2, '0')}-`;
  const name = readdirSync(join(ROOT, 'solutions')).find((entry) => entry.startsWith(prefix));
  if (name === undefined) throw new Error(`there is no solution of step ${number}`);
  return join(ROOT, target, name);
}

/**
 * Step `number` running from before the first test until after the last one: one process for step 1,
 * three nodes from step 2 on. While an exercise is unsolved they may not be one cluster: a test says so.
 */
export function useStep(number: number, options: ClusterOptions = {}): TestCluster {
  return useCluster(number === 1 ? 1 : 3, stepOptions(number, options));
}

/** One node of step `number`, for what one node shows. */
export function useNodeOf(number: number, options: ClusterOptions = {}): TestCluster {
  return useCluster(1, stepOptions(number, options));
}

function stepOptions(number: number, options: ClusterOptions): ClusterOptions {
  const program = join(stepDir(number), 'src/main.ts');
  return { program, wanted: number === 1 ? 'http' : 'nodes', ...options };
}

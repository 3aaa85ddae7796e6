// The nodes of one step, for all tests of a file: the learner's version or the solution's.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterOptions, TestCluster } from './Driver.ts';
import { useCluster } from './useCluster.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Which of the two is tested. The workshop's commands always say it; the plain suite does not. */
export function target(): 'steps' | 'solutions' {
  const { WORKSHOP_TARGET: wanted = 'solutions' } = process.env;
  if (wanted === 'steps' || wanted === 'solutions') return wanted;
  throw new Error(`WORKSHOP_TARGET takes steps or solutions, got "${wanted}"`);
}

/** The folder of step `number`, such as `…/steps/03-persistence`. */
export function stepDir(number: number): string {
  const prefix = `${String(number).padStart(2, '0')}-`;
  const name = readdirSync(join(ROOT, 'solutions')).find((entry) => entry.startsWith(prefix));
  if (name === undefined) throw new Error(`there is no solution of step ${number}`);
  return join(ROOT, target(), name);
}

/**
 * Step `number` running from before the first test until after the last one: one process for step 1,
 * three nodes from step 2 on. While an exercise is unsolved they may not be one cluster: a test says so.
 */
export function useStep(number: number, options: ClusterOptions = {}): TestCluster {
  const program = join(stepDir(number), 'src/main.ts');
  return useCluster(number === 1 ? 1 : 3, {
    program,
    wanted: number === 1 ? 'http' : 'nodes',
    ...options,
  });
}

// One cluster for all tests of a file; what its nodes said is printed when a test fails.
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ClusterOptions, Driver, TestCluster, TestNode } from './Driver.ts';
import { processes } from './processes.ts';

const START_WITHIN_MS = 360_000;

/** A cluster that starts before the first test and is gone after the last one. */
export function useCluster(nodes: number, options?: ClusterOptions): TestCluster {
  return useStarted(async () => (await chosenDriver()).startCluster(nodes, options));
}

/** The same of a cluster that is started in a way of its own. */
export function useStarted<TNode extends TestNode, TCluster extends TestCluster<TNode>>(
  start: () => Promise<TCluster>,
): TCluster {
  let cluster: TCluster | undefined;
  beforeAll(async () => {
    cluster = await start();
  }, START_WITHIN_MS);
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(cluster?.output());
  });
  return new Proxy({} as TCluster, {
    get: (_target, key) => Reflect.get(cluster!, key) as unknown,
  });
}

/** As WORKSHOP_DRIVER says: `processes`, the default, or `containers`. */
async function chosenDriver(): Promise<Driver> {
  const { WORKSHOP_DRIVER: driver = 'processes' } = process.env;
  if (driver === 'processes') return processes;
  if (driver !== 'containers') {
    throw new Error(`WORKSHOP_DRIVER takes containers or processes, got "${driver}"`);
  }
  // Only here, since what it is made of takes its time to load.
  return (await import('./containers/containers.ts')).containers;
}

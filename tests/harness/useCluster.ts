// One cluster for all tests of a file; what its nodes said is printed when a test fails.
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ClusterOptions, TestCluster } from './Driver.ts';
import { processes } from './processes.ts';

/** A cluster that starts before the first test and is gone after the last one. */
export function useCluster(nodes: number, options?: ClusterOptions): TestCluster {
  let cluster: TestCluster | undefined;
  beforeAll(async () => {
    cluster = await processes.startCluster(nodes, options);
  }, 60_000);
  afterAll(() => cluster?.[Symbol.asyncDispose]());
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(cluster?.output());
  });
  return new Proxy({} as TestCluster, {
    get: (_target, key) => Reflect.get(cluster!, key) as unknown,
  });
}

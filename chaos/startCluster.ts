// The cluster of a run, started by the driver that was asked for.
import { fileURLToPath } from 'node:url';
import type { ClusterOptions, TestCluster } from '../tests/harness/Driver.ts';
import type { Options } from './options.ts';

const PROGRAM = fileURLToPath(new URL('node.ts', import.meta.url));
const NODES = 3;

export async function startCluster(
  { driver, isOnCassandra, without }: Options,
  seed: number,
  said: (line: string) => void,
): Promise<TestCluster> {
  const env = {
    CHAOS_SEED: String(seed),
    LOG_LEVEL: 'info',
    ...(without !== null && { CHAOS_WITHOUT: without }),
  };
  const options: ClusterOptions = { program: PROGRAM, env, said };
  // What a driver is made of is loaded for it alone: it takes its time.
  if (driver === 'namespaces') {
    const { namespaces } = await import('../tests/harness/namespaces/namespaces.ts');
    return namespaces.startCluster(NODES, options);
  }
  if (isOnCassandra) {
    const { startOnCassandra } = await import('../tests/harness/containers/onCassandra.ts');
    return startOnCassandra(NODES, options);
  }
  if (driver === 'containers') {
    const { containers } = await import('../tests/harness/containers/containers.ts');
    return containers.startCluster(NODES, options);
  }
  const { processes } = await import('../tests/harness/processes.ts');
  return processes.startCluster(NODES, options);
}

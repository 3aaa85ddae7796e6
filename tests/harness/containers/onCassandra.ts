// A cluster whose journal is in a Cassandra of its own.
import type { TestCluster } from '../Driver.ts';
import { Cassandra } from './Cassandra.ts';
import { type ContainerNode, type ContainerOptions, containers } from './containers.ts';

export interface CassandraCluster extends TestCluster<ContainerNode> {
  readonly database: Cassandra;
}

export async function startOnCassandra(
  nodes: number,
  options: ContainerOptions = {},
): Promise<CassandraCluster> {
  const database = await Cassandra.start();
  try {
    const cluster = await containers.startCluster(nodes, {
      ...options,
      env: { ...options.env, ...database.env },
      database,
    });
    const dispose = async () => {
      await cluster[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    };
    return { ...cluster, database, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

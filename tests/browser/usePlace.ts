// Where the browser tests happen: nodes as processes, and one front door to them.
import { afterAll, beforeAll } from 'vitest';
import { FrontDoor } from '../../packages/workshop/src/FrontDoor.ts';
import type { ClusterOptions, TestCluster, TestNode } from '../harness/Driver.ts';
import { useCluster } from '../harness/useCluster.ts';

export interface Place {
  readonly cluster: TestCluster;
  /** Address of the front door. */
  readonly url: string;
  node(name: string): TestNode;
  /** From now on new connections go to this node; those that there are stay. */
  only(name: string): void;
  /** Nobody gets in any more, and everybody is out. */
  close(): void;
  /** Every node that runs takes clients. */
  open(): void;
}

export function usePlace(nodes: number, options?: ClusterOptions): Place {
  const cluster = useCluster(nodes, options);
  let door: FrontDoor;
  let url = '';
  beforeAll(async () => {
    const upstreams = cluster.nodes.map(({ name, http }) => {
      const { hostname, port } = new URL(http);
      return { name, host: hostname, port: Number(port) };
    });
    door = new FrontDoor(upstreams);
    url = `http://127.0.0.1:${await door.listen(0)}`;
    for (const { name } of cluster.nodes) door.admit(name);
  });
  afterAll(() => door?.close());
  return {
    cluster,
    get url() {
      return url;
    },
    node: (name) => cluster.nodes.find((node) => node.name === name)!,
    only(name) {
      for (const node of cluster.nodes) {
        if (node.name === name) door.admit(name);
        else door.withhold(node.name);
      }
    },
    close() {
      for (const { name } of cluster.nodes) door.drop(name);
    },
    open() {
      for (const { name, isRunning } of cluster.nodes) if (isRunning) door.admit(name);
    },
  };
}

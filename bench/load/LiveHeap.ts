// What the nodes' heaps hold that is still in use.
import { until } from 'actor-ts/testkit';
import type { ClusterOptions, TestCluster } from '../../tests/harness/Driver.ts';

const COLLECTING = new URL('./collecting.ts', import.meta.url).href;
const WITHIN_MS = 30_000;

export class LiveHeap {
  /** What the cluster has to be started with. */
  readonly options: ClusterOptions = {
    env: { NODE_OPTIONS: `--import=${COLLECTING}` },
    said: (line) => this.hear(line),
  };
  private readonly heard: number[] = [];

  /** Collects the garbage of every node. @returns bytes in use after that, of all nodes together */
  async of(cluster: TestCluster): Promise<number> {
    this.heard.length = 0;
    for (const node of cluster.nodes) await node.signal('SIGUSR2');
    await until(() => this.heard.length === cluster.nodes.length, {
      what: 'the heaps of all nodes',
      timeoutMs: WITHIN_MS,
    });
    return this.heard.reduce((total, bytes) => total + bytes, 0);
  }

  private hear(line: string): void {
    const found = /\{"liveHeapBytes":(\d+)\}$/.exec(line);
    if (found !== null) this.heard.push(Number(found[1]));
  }
}

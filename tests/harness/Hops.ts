// The way of messages through the nodes, as `GET /events` of each tells it. Needs TRACE=true.
import { until } from 'actor-ts/testkit';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { TestCluster, TestNode } from './Driver.ts';

export interface Hop {
  /** Name of the node that told it. */
  readonly on: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly hop: string;
  /** The id that the client gave the message. */
  readonly id: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const MESSAGES_SHOWN = 3;
const WAY = ['entity-receive', 'persist', 'publish', 'deliver'];

export class Hops {
  private readonly heard: Hop[] = [];
  private readonly readers = new Map<TestNode, AbortController>();

  /** Hears the nodes that run from now on; those that were started again, too. */
  async listen({ nodes }: TestCluster): Promise<void> {
    await Promise.all(nodes.map((node) => this.hear(node)));
  }

  close(): void {
    for (const reader of this.readers.values()) reader.abort();
  }

  /** The hops of one message, in the order of their times; those of a node in its own order. */
  of(id: string): Hop[] {
    return this.heard.filter((hop) => hop.id === id).sort((one, other) => one.at - other.at);
  }

  /** The name of the node whose `type` entity was given message `id`. */
  async home(type: string, entity: string, id: string): Promise<string> {
    const found = () =>
      this.of(id).findLast(({ hop, details }) => {
        return hop === 'entity-receive' && details.type === type && details.entity === entity;
      });
    return (await until(found, { what: `${type} ${entity} to receive ${id}` })).on;
  }

  /** The ways of the last messages sent since `at`, each with the first hop that it lacks. */
  timeline(at: number): string {
    const ids = new Set(this.heard.filter((hop) => hop.at >= at).map(({ id }) => id));
    return [...ids]
      .slice(-MESSAGES_SHOWN)
      .map((id) => this.wayOf(id))
      .join('\n');
  }

  private wayOf(id: string): string {
    const hops = this.of(id);
    const start = hops[0]!.at;
    const lines = hops.map(({ on, at, hop, details }) => {
      return `  +${String(at - start).padStart(4)} ms  ${on}  ${hop}  ${JSON.stringify(details)}`;
    });
    const missing = WAY.find((step) => hops.every(({ hop }) => hop !== step));
    if (missing !== undefined) lines.push(`  missing: ${missing}`);
    return [`message ${id}`, ...lines].join('\n');
  }

  private async hear(node: TestNode): Promise<void> {
    if (this.readers.has(node) || !node.isRunning) return;
    const reader = new AbortController();
    this.readers.set(node, reader);
    const { signal } = reader;
    const { body } = await fetch(`${node.management}/events`, { signal });
    void this.read(node, body!).finally(() => this.readers.delete(node));
  }

  private async read(node: TestNode, body: ReadableStream<Uint8Array>): Promise<void> {
    let rest = '';
    try {
      for await (const text of body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) this.take(node, line);
      }
    } catch {
      // The node has gone, or nobody listens any more.
    }
  }

  private take(node: TestNode, line: string): void {
    if (!line.startsWith('data: ') || !line.includes('"hop"')) return;
    const { at, hop, id, details } = JSON.parse(line.slice('data: '.length));
    this.heard.push({ on: node.name, at, hop, id, details });
  }
}

/** Hears the cluster's hops from before the first test on; a failed test prints its messages' ways. */
export function useHops(cluster: TestCluster): Hops {
  const hops = new Hops();
  let startedAt = 0;
  beforeAll(() => hops.listen(cluster));
  afterAll(() => hops.close());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(hops.timeline(startedAt));
    startedAt = Date.now();
    await hops.listen(cluster);
  });
  return hops;
}

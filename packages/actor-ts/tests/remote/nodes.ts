// Starts and ends systems that can reach each other, over TCP or in memory.
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import type { Logger } from '../../src/actor/Logger.ts';
import { Remoting, type RemotingOptions } from '../../src/remote/Remoting.ts';
import { MemoryNetwork } from '../../src/testkit/MemoryNetwork.ts';
import { TestProbe } from '../../src/testkit/TestProbe.ts';

export interface Node {
  readonly system: ActorSystem;
  readonly remoting: Remoting;
  probe(name?: string): TestProbe;
  /** A ref to something of this node, as seen from `other`. */
  seenFrom(other: Node, path: string): ReturnType<Remoting['refFor']>;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

export function recordingLogger(lines: LogLine[] = []): Logger {
  const at = (level: string) => (first: object | string, second?: string) => {
    const fields = typeof first === 'string' ? {} : (first as Record<string, unknown>);
    lines.push({ level, message: second ?? String(first), fields });
  };
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };
  return logger;
}

export class Nodes {
  readonly network: MemoryNetwork | null;
  readonly lines: LogLine[] = [];
  private readonly started: Node[] = [];

  constructor(kind: 'tcp' | 'memory') {
    this.network = kind === 'memory' ? new MemoryNetwork() : null;
  }

  async start(options: Partial<RemotingOptions> = {}, name = 'test'): Promise<Node> {
    const system = ActorSystem.create(name, { log: recordingLogger(this.lines) });
    const transport = this.network?.transport();
    const remoting = await Remoting.start(system, {
      host: '127.0.0.1',
      port: 0,
      ...(transport === undefined ? {} : { transport }),
      ...options,
    });
    const node: Node = {
      system,
      remoting,
      probe: (probeName) => new TestProbe(system, probeName),
      seenFrom: (other, path) => other.remoting.refFor(remoting.selfAddress, path),
    };
    this.started.push(node);
    return node;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.started.map(({ system }) => system.terminate()));
  }
}

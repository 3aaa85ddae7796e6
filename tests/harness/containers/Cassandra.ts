// A Cassandra for the tests of a file, in a network in which nodes find it as `cassandra`.
import { NodeLog } from '../NodeLog.ts';
import { Container } from './Container.ts';
import { ContainerSeat } from './ContainerSeat.ts';
import { type Engine, type EngineNetwork, theEngine } from './Engine.ts';
import { nodeCommand, REPO } from './repo.ts';

const NAME = 'cassandra';
const HEALTHY_WITHIN_MS = 240_000;
const STOP_GRACE_MS = 30_000;
const QUERY = 'query';
const QUERY_WITHIN_MS = 60_000;

/** Asks the CQL port what it supports and waits for the answer. */
const ANSWERS = `exec 3<>/dev/tcp/127.0.0.1/9042 &&
  printf '\\x04\\x00\\x00\\x00\\x05\\x00\\x00\\x00\\x00' >&3 &&
  [ "$(head -c 1 <&3 | od -An -tx1)" = ' 84' ]`;

export class Cassandra implements AsyncDisposable {
  readonly network: EngineNetwork;
  readonly seat: ContainerSeat;
  /** What a node is told of it. */
  readonly env = { JOURNAL: 'cassandra', CASSANDRA_CONTACT_POINTS: NAME } as const;
  private readonly engine: Engine;
  private readonly container: Container;
  private readonly log: NodeLog;

  private constructor(engine: Engine, network: EngineNetwork, container: Container, log: NodeLog) {
    this.engine = engine;
    this.network = network;
    this.seat = new ContainerSeat(NAME, container, { peers: network });
    this.container = container;
    this.log = log;
  }

  static async start(): Promise<Cassandra> {
    const engine = await theEngine();
    const image = await engine.image('CASSANDRA_IMAGE');
    const network = await engine.network('database', { internal: true });
    const log = new NodeLog();
    const spec = {
      name: NAME,
      image,
      networks: [network],
      env: { MAX_HEAP_SIZE: '512M', HEAP_NEWSIZE: '128M' },
      healthCheck: ['bash', '-c', ANSWERS],
    };
    const made = new Cassandra(engine, network, new Container(engine, spec, log.add), log);
    try {
      await made.start();
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
    return made;
  }

  /** For the first time, or again. Resolves once it answers. */
  async start(): Promise<void> {
    try {
      await this.container.start();
      await this.container.healthy(HEALTHY_WITHIN_MS);
    } catch (cause) {
      throw new Error(`Cassandra did not start\n${this.log}`, { cause });
    }
  }

  kill(): Promise<void> {
    return this.container.kill();
  }

  async stop(): Promise<void> {
    await this.container.stop(STOP_GRACE_MS);
  }

  /** Freezes it: its sockets stay open and answer nothing. */
  pause(): Promise<void> {
    return this.container.pause();
  }

  /** Lets it go on; nothing happens to one that runs. */
  resume(): Promise<void> {
    return this.container.resume();
  }

  /**
   * Runs one of the repository's programs beside it, with the settings of a node.
   * @returns what it printed, line by line
   * @throws Error when it ends with another code than 0, or not in time
   */
  async query(program: string): Promise<string[]> {
    const lines: string[] = [];
    const spec = {
      name: QUERY,
      image: await this.engine.image('NODE_IMAGE'),
      command: nodeCommand(program),
      binds: [REPO],
      networks: [this.network],
      env: this.env,
    };
    const container = new Container(this.engine, spec, (line) =>
      lines.push(line.slice(QUERY.length + 1)),
    );
    try {
      await container.start();
      const code = await container.ended(QUERY_WITHIN_MS);
      const printed = lines.slice(0, -1); // the last one says that it ended
      if (code !== 0) throw new Error(`${program} ended with ${code}\n${printed.join('\n')}`);
      return printed;
    } finally {
      await container.remove();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container.remove();
    await this.engine.remove(this.network);
  }
}

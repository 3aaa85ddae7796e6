// A Cassandra for the tests of a file, in a network in which nodes find it as `cassandra`.
import { NodeLog } from '../NodeLog.ts';
import { Container } from './Container.ts';
import { ContainerSeat } from './ContainerSeat.ts';
import { type Engine, type EngineNetwork, theEngine } from './Engine.ts';

const NAME = 'cassandra';
const HEALTHY_WITHIN_MS = 240_000;
const STOP_GRACE_MS = 30_000;

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container.remove();
    await this.engine.remove(this.network);
  }
}

// The driver that runs nodes as containers. Their front network is where clients come from; they talk
// to each other in one of their own, which a test can take away from a node without losing sight of it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../../packages/workshop/src/ports.ts';
import type { ClusterOptions, Driver, TestCluster, TestNode, Wanted } from '../Driver.ts';
import { journalData } from '../JournalData.ts';
import { SeatLinks } from '../links/SeatLinks.ts';
import { NodeLog } from '../NodeLog.ts';
import { CHAT } from '../processes.ts';
import { untilAllReady, untilReady } from '../waiting.ts';
import { Container, type ContainerSpec } from './Container.ts';
import { ContainerSeat, type SeatNetworks, seatMissing } from './ContainerSeat.ts';
import { Desk } from './Desk.ts';
import { type EngineNetwork, theEngine } from './Engine.ts';
import { nodeCommand, REPO } from './repo.ts';

const CLUSTER_PORT = 2551;
const HTTP_PORT = 3000;
const MANAGEMENT_PORT = 8551;
const STOP_GRACE_MS = 15_000;
const DATA = '/data';
const FILE = `${DATA}/chat.db`;

export class ContainerNode implements TestNode {
  readonly name: string;
  readonly http: string;
  readonly management: string;
  readonly seat: ContainerSeat;
  private readonly container: Container;
  private readonly peers: EngineNetwork;
  private readonly wanted: Wanted;

  constructor(
    container: Container,
    { name, ports }: ContainerSpec,
    networks: SeatNetworks,
    wanted: Wanted,
  ) {
    this.name = name;
    this.seat = new ContainerSeat(name, container, networks);
    this.http = `http://127.0.0.1:${ports![HTTP_PORT]}`;
    this.management = `http://127.0.0.1:${ports![MANAGEMENT_PORT]}`;
    this.container = container;
    this.peers = networks.peers;
    this.wanted = wanted;
  }

  get isRunning(): boolean {
    return this.container.isRunning;
  }

  launch(): Promise<void> {
    return this.container.start();
  }

  async start(): Promise<void> {
    await this.launch();
    await untilReady(this, this.wanted);
  }

  kill(): Promise<void> {
    return this.container.kill();
  }

  stop(): Promise<number> {
    return this.container.stop(STOP_GRACE_MS);
  }

  pause(): Promise<void> {
    return this.container.pause();
  }

  resume(): Promise<void> {
    return this.container.resume();
  }

  signal(name: NodeJS.Signals): Promise<void> {
    return this.container.signal(name);
  }

  /** Parts it from the other nodes; clients and the journal still reach it. */
  cutOff(): Promise<void> {
    return this.container.disconnect(this.peers);
  }

  /** Brings it together with the others again; nothing happens to one that is. */
  heal(): Promise<void> {
    return this.container.reconnect(this.peers);
  }

  remove(): Promise<void> {
    return this.container.remove();
  }
}

export interface ContainerOptions extends ClusterOptions {
  /** Nodes visit its network: they find it there, and not each other. */
  readonly database?: { readonly network: EngineNetwork; readonly seat: ContainerSeat };
}

async function startCluster(
  count: number,
  options: ContainerOptions = {},
): Promise<TestCluster<ContainerNode>> {
  const { program = CHAT, wanted = 'cluster', database } = options;
  const engine = await theEngine();
  const image = await engine.image('NODE_IMAGE');
  const [front, peers, volume] = await Promise.all([
    engine.network('front', { internal: false }),
    engine.network('peers', { internal: true }),
    engine.volume('data'),
  ]);
  const seatNetworks = { peers, front, database: database?.network, clusterPort: CLUSTER_PORT };
  const binds = [REPO, `${volume.name}:${DATA}`];
  const dir = await mkdtemp(join(tmpdir(), 'chat-test-'));
  const secret = randomBytes(24).toString('hex');
  const log = new NodeLog(options.said);
  const desk = new Desk(engine, { image, binds, front }, FILE);
  const ports = await freePorts(2 * count);
  const names = Array.from({ length: count }, (_, index) => `node${index + 1}`);
  const nodes = names.map((name, index) => {
    const spec: ContainerSpec = {
      name,
      image,
      command: nodeCommand(program),
      workingDir: DATA,
      binds,
      front,
      networks: [peers],
      visits: database === undefined ? [] : [database.network],
      ports: { [HTTP_PORT]: ports[2 * index]!, [MANAGEMENT_PORT]: ports[2 * index + 1]! },
      // It tells its name to the others and listens there: on all of its addresses, since the one
      // that the others find by that name may be another after it was cut off.
      hosts: { [name]: '0.0.0.0' },
      env: {
        NODE_NAME: name,
        HOST: name,
        CLUSTER_PORT: String(CLUSTER_PORT),
        SEEDS: names.map((seed) => `${seed}:${CLUSTER_PORT}`).join(','),
        HTTP_HOST: '0.0.0.0',
        HTTP_PORT: String(HTTP_PORT),
        MANAGEMENT_HOST: '0.0.0.0',
        MANAGEMENT_PORT: String(MANAGEMENT_PORT),
        CHAT_SECRET: secret,
        JOURNAL: `sqlite:${FILE}`,
        ...options.env,
      },
    };
    return new ContainerNode(new Container(engine, spec, log.add), spec, seatNetworks, wanted);
  });
  const links = new SeatLinks(
    nodes.map(({ seat }) => seat),
    database?.seat,
  );
  const dispose = async () => {
    await links[Symbol.asyncDispose]();
    await Promise.all([...nodes.map((node) => node.remove()), desk[Symbol.asyncDispose]()]);
    await engine.remove(front, peers, volume);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.launch()));
    await untilAllReady(nodes, wanted);
  } catch (error) {
    await dispose();
    throw new Error(`the cluster did not start\n${log}`, { cause: error });
  }
  const data = journalData(desk);
  return {
    nodes,
    secret,
    dir,
    data,
    links: (await seatMissing(nodes[0]!.seat)) ?? links,
    output: () => log.toString(),
    [Symbol.asyncDispose]: dispose,
  };
}

export const containers = { startCluster } satisfies Driver;

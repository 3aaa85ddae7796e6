// A node of a cluster for measurements, in whatever process it is.
import {
  Actor,
  type ActorRef,
  ActorSystem,
  Cluster,
  DistributedPubSubId,
  Props,
  Subscribe,
} from 'actor-ts';

export interface Question {
  readonly id: string;
  readonly n: number;
  readonly text: string;
  readonly replyTo?: ActorRef<Answer>;
}
export interface Answer {
  readonly pid: number;
  readonly n: number;
}

class Echo extends Actor<Question> {
  onReceive({ n, replyTo }: Question): void {
    replyTo!.tell({ pid: process.pid, n });
  }
}

export interface BenchNode {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** Asks an entity that echoes. */
  readonly region: ActorRef<Question>;
  readonly mediator: ActorRef;
}

/** Joins `seeds`, or founds a cluster without any. Resolves once it is up. */
export async function startNode(seeds: readonly string[] = [], port = 0): Promise<BenchNode> {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const cluster = await Cluster.join(system, { host: '127.0.0.1', port, seeds: [...seeds] });
  const region = cluster.sharding.start<Question>({
    typeName: 'echo',
    entityProps: Props.create(() => new Echo()),
    extractEntityId: ({ id }) => id,
  });
  const mediator = system.extension(DistributedPubSubId).start(cluster);
  return { system, cluster, region, mediator };
}

/** Resolves once this node counts so many members that are up. */
export function membersUp(cluster: Cluster, count: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = cluster.subscribe(() => {
      if (cluster.upMembers().length < count) return;
      resolve();
      setImmediate(() => stop());
    });
  });
}

export const TOPIC = 'news';
export interface News {
  readonly isLast: boolean;
  readonly text: string;
}

/** `count` subscribers, which tell together when all of them have the last message. */
export async function subscribe(node: BenchNode, count: number, onAll: () => void): Promise<void> {
  let last = 0;
  class Subscriber extends Actor<News> {
    onReceive({ isLast }: News): void {
      if (!isLast || ++last < count) return;
      last = 0;
      onAll();
    }
  }
  const props = Props.create(() => new Subscriber());
  for (let i = 0; i < count; i++) {
    await node.mediator.ask(new Subscribe(TOPIC, node.system.spawnAnonymous(props)));
  }
}

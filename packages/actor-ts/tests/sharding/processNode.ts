// One node of processes.test.ts: a program that hosts entities, asks them all the time, and tells its
// parent who answered.
import { Actor } from '../../src/actor/Actor.ts';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { CoordinatedShutdownId } from '../../src/actor/CoordinatedShutdown.ts';
import { Props } from '../../src/actor/Props.ts';
import { Cluster } from '../../src/cluster/Cluster.ts';
import { ClusterSharding } from '../../src/sharding/ClusterSharding.ts';

export interface NodeSettings {
  readonly port: number;
  readonly seeds: readonly string[];
  readonly ids: readonly string[];
}

/** One ask and what came of it; `by` is the process that answered, null for nobody in time. */
export interface Ask {
  readonly at: number;
  readonly id: string;
  readonly by: number | null;
  readonly tookMs: number;
}

export type Command =
  | { readonly kind: 'report'; readonly since: number }
  | { readonly kind: 'members' }
  | { readonly kind: 'leave' };

const ROUND_MS = 1000;
const TICK_MS = 100;
const ASK_TIMEOUT_MS = 2000;

class Answering extends Actor<{ replyTo: ActorRef<number> }> {
  onReceive({ replyTo }: { replyTo: ActorRef<number> }): void {
    replyTo.tell(process.pid);
  }
}

const settings = JSON.parse(process.argv[2]!) as NodeSettings;
const logLevel = (process.env.SHARDING_LOG ?? 'error') as 'error';
const system = ActorSystem.create('test', { logLevel });
const { port, seeds, ids } = settings;
const cluster = await Cluster.join(system, { host: '127.0.0.1', port, seeds });
const region = ClusterSharding.get(system, cluster).start<{ id: string; replyTo: ActorRef }>({
  typeName: 'answering',
  entityProps: Props.create(() => new Answering()),
  extractEntityId: ({ id }) => id,
});

const asks: Ask[] = [];

async function ask(id: string): Promise<void> {
  const at = Date.now();
  const by = await region.ask<number>({ id }, ASK_TIMEOUT_MS).catch(() => null);
  asks.push({ at, id, by, tookMs: Date.now() - at });
}

/** Every id once a round, a few each tick. */
let next = 0;
const timer = setInterval(() => {
  const count = Math.ceil((ids.length * TICK_MS) / ROUND_MS);
  for (let i = 0; i < count; i++) void ask(ids[next++ % ids.length]!);
}, TICK_MS);

process.on('message', (command: Command) => {
  if (command.kind === 'report') {
    process.send!(asks.filter(({ at }) => at >= command.since));
  } else if (command.kind === 'members') {
    process.send!(cluster.getMembers().map((m) => `${m.address.port} ${m.status}`));
  } else {
    clearInterval(timer);
    const shutdown = system.extension(CoordinatedShutdownId);
    void shutdown.run().then(() => process.disconnect());
  }
});
process.on('disconnect', () => process.exit(0));
process.send!('ready');

// One node of the measurement: a member of the cluster with 60 entities that say which process they
// run in. What it is told, and what it reports, goes through the IPC channel of its parent.
import { setTimeout as delay } from 'node:timers/promises';
import { Actor, ActorSystem, Cluster, CoordinatedShutdownId, Phases, Props } from 'actor-ts';
import {
  type Answer,
  type FromNode,
  IDS,
  type NodeSettings,
  type Question,
  type Report,
  type ToNode,
} from './protocol.ts';

const REPORT_EVERY_MS = 200;
/** How long a node that asks to the end goes on while its shards are handed off. */
const ASK_WHILE_LEAVING_MS = 1000;

const settings = JSON.parse(process.argv[2]!) as NodeSettings;

class WhereAmI extends Actor<Question> {
  private readonly startedAt = Date.now();
  private count = 0;

  onReceive({ replyTo }: Question): void {
    this.count++;
    const node = `${settings.host}:${settings.port}`;
    const { startedAt, count } = this;
    const answer: Answer = { pid: process.pid, node, startedAt, count };
    replyTo!.tell(answer);
  }
}

// Nobody is left to report to: do not live on as an orphan.
process.once('disconnect', () => process.exit(2));

const system = ActorSystem.create('availability', { logLevel: 'info' });
const shutdown = system.extension(CoordinatedShutdownId);
shutdown.installProcessHooks();
const { host, port, seeds } = settings;
const cluster = await Cluster.join(system, { host, port, seeds });
const region = cluster.sharding.start<Question>({
  typeName: 'where',
  entityProps: Props.create(() => new WhereAmI()),
  extractEntityId: ({ id }) => `entity-${id}`,
});

let reports: Report[] = [];
let timer: NodeJS.Timeout | undefined;
const underWay = new Set<Promise<void>>();

function ask(id: number, timeoutMs: number): void {
  const askedAt = Date.now();
  const asked = region
    .ask<Answer>({ id }, timeoutMs)
    .then(
      ({ pid, startedAt }) => [pid, startedAt] as const,
      () => null,
    )
    .then((answer) => {
      reports.push([id, answer, askedAt, Date.now()]);
      underWay.delete(asked);
    });
  underWay.add(asked);
}

async function finishAsking(): Promise<void> {
  clearInterval(timer);
  await Promise.all(underWay);
  flush();
}

function flush(): void {
  if (reports.length === 0) return;
  say({ type: 'reports', reports });
  reports = [];
}

function say(message: FromNode): void {
  if (process.connected) process.send!(message);
}

process.on('message', ({ everyMs, timeoutMs }: ToNode) => {
  clearInterval(timer);
  timer = setInterval(() => {
    for (let id = 0; id < IDS; id++) ask(id, timeoutMs);
  }, everyMs);
});
setInterval(flush, REPORT_EVERY_MS);

if (settings.asksToTheEnd) {
  cluster.onLeave(async () => {
    await delay(ASK_WHILE_LEAVING_MS);
    await finishAsking();
  });
} else {
  shutdown.addTask(Phases.BeforeServiceUnbind, 'finish asking', finishAsking);
}

cluster.subscribe(() => {
  const members = cluster.upMembers().map(({ address }) => `${address.host}:${address.port}`);
  say({ type: 'members', members });
});
say({ type: 'up', at: Date.now() });

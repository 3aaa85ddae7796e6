// One node of the chat: joins the cluster, takes its share of sessions and rooms, serves clients.
import { setTimeout as delay } from 'node:timers/promises';
import {
  ActorSystem,
  addressTowards,
  CassandraJournal,
  CassandraSnapshotStore,
  Cluster,
  ClusterSharding,
  CoordinatedShutdownId,
  DistributedPubSubId,
  KeepMajority,
  PersistenceExtensionId,
  Phases,
  Props,
  SelfRemoved,
  SelfUp,
  SqliteJournal,
  SqliteSnapshotStore,
} from 'actor-ts';
import { startManagement } from 'actor-ts/management';
import { pino } from 'pino';
import { ChatRoomActor } from './actors/ChatRoomActor.ts';
import { UserSessionActor } from './actors/UserSessionActor.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { httpRoutes } from './handlers/httpRoutes.ts';
import { serveWebSockets } from './handlers/wsHandlers.ts';
import type { RoomCmd, SessionMsg } from './messages.ts';
import { Tokens } from './token.ts';

const REQUESTS_DONE_MS = 2000;

async function start(config: Config): Promise<void> {
  const { NODE_NAME: node, CHAT_SECRET: secret } = config;
  const log = pino({ level: config.LOG_LEVEL, base: { name: node } });
  if (config.needsSecret) {
    log.warn('CHAT_SECRET is not set: this node made one up, and no other node will talk to it');
  }
  const system = ActorSystem.create('chat', { log, trace: config.TRACE && { idOf } });
  await blaming('JOURNAL', useJournal(system, config));

  const { HOST, CLUSTER_BIND_HOST: bindHost, CLUSTER_PORT: port, SEEDS: seeds } = config;
  const host = HOST === 'auto' ? await blaming('HOST=auto', addressTowards(seeds ?? [])) : HOST;
  // #region 6.2
  // TODO 6.2 Who goes on
  // When the nodes cannot hear each other, at most one side may go on. Choose the strategy: the
  // side with more than half of the members, once the picture has been the same for 2700
  // milliseconds.
  const reason = 'exercise 6.2 is not solved yet: nobody is given up';
  const downing = { stableAfterMs: 2700, decide: () => ({ down: [], reason }) };
  // #endregion 6.2
  // #region 6.1
  // TODO 6.1 (2 of 2) One secret, and not in the image
  log.warn('exercise 6.1 is not solved yet: the cluster lets in anybody');
  const joining = Cluster.join(system, { host, bindHost, port, seeds, downing });
  // #endregion 6.1
  const cluster = await blaming('CLUSTER_PORT', joining);
  system.extension(DistributedPubSubId).start(cluster);

  const roomRegion = ClusterSharding.get(system, cluster).start<RoomCmd>({
    typeName: 'room',
    entityProps: Props.create(() => new ChatRoomActor(node)),
    extractEntityId: (msg) => msg.roomId,
    rememberEntities: true,
    passivationIdleMs: config.IDLE_MS,
  });
  const sessionRegion = ClusterSharding.get(system, cluster).start<SessionMsg>({
    typeName: 'session',
    entityProps: Props.create(() => new UserSessionActor(roomRegion, node)),
    extractEntityId: (msg) => msg.userId,
    rememberEntities: true,
    passivationIdleMs: config.IDLE_MS,
  });

  const tokens = new Tokens(secret);
  const { TRUST_PROXY: trustProxy, VIEW_URL: viewUrl, ALLOWED_ORIGINS: allowedOrigins } = config;
  const app = await httpRoutes({ roomRegion, sessionRegion, tokens, trustProxy, viewUrl, log });
  const { server } = app;
  const admission = { node, tokens, sessionRegion, allowedOrigins };
  const sockets = serveWebSockets(system, server, admission);
  const http = { host: config.HTTP_HOST, port: config.HTTP_PORT };
  const url = await blaming('HTTP_PORT', app.listen(http));
  const management = { host: config.MANAGEMENT_HOST, port: config.MANAGEMENT_PORT };
  await blaming('MANAGEMENT_PORT', startManagement(system, cluster, management));

  const shutdown = system.extension(CoordinatedShutdownId);
  shutdown.addTask(Phases.ServiceUnbind, 'http', () => {
    sockets.stop();
    return Promise.race([app.close(), delay(REQUESTS_DONE_MS)]);
  });
  shutdown.installProcessHooks();
  cluster.subscribe((event) => {
    if (event instanceof SelfUp) {
      if (!server.listening) server.listen({ ...http, port: Number(new URL(url).port) });
      log.info(`${node} ready ${url}`);
    }
    if (event instanceof SelfRemoved && !event.left) {
      // Nobody can be served here until it is a member again: whoever comes is better off elsewhere.
      sockets.tell('close-all');
      server.close();
      server.closeAllConnections();
    }
  });
}

/** What messages are followed by through the nodes, with TRACE=1: the ids that clients gave them. */
function idOf(message: any): readonly string[] {
  return [message?.payload ?? message].flat().flatMap((one) => one?.id ?? []);
}

async function useJournal(system: ActorSystem, config: Config): Promise<void> {
  const { JOURNAL: setting } = config;
  if (setting === 'memory') return; // the default of the runtime
  if (setting === 'cassandra') return useCassandra(system, config);
  const path = setting.slice('sqlite:'.length);
  const journal = new SqliteJournal({ path, wal: true });
  const snapshots = new SqliteSnapshotStore({ path, wal: true });
  await Promise.all([journal.open(), snapshots.open()]);
  system.extension(PersistenceExtensionId).setJournal(journal).setSnapshotStore(snapshots);
}

/** The journal of nodes on several machines, which share no file. */
async function useCassandra(system: ActorSystem, config: Config): Promise<void> {
  const options = {
    contactPoints: config.CASSANDRA_CONTACT_POINTS ?? [],
    localDataCenter: config.CASSANDRA_LOCAL_DC,
    keyspace: config.CASSANDRA_KEYSPACE,
    log: system.log,
  };
  const journal = new CassandraJournal(options);
  const snapshots = new CassandraSnapshotStore(options);
  await Promise.all([journal.open(), snapshots.open()]);
  system.extension(PersistenceExtensionId).setJournal(journal).setSnapshotStore(snapshots);
}

/** What fails to start is told with the name of the variable that chose it. */
async function blaming<T>(variable: string, starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new ConfigError(`${variable}: ${reason}`, { cause });
  }
}

try {
  await start(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

// One node of the chat: joins the cluster, takes its share of sessions and rooms, serves clients.
import {
  ActorSystem,
  CassandraJournal,
  CassandraSnapshotStore,
  Cluster,
  ClusterSharding,
  CoordinatedShutdownId,
  DistributedPubSubId,
  PersistenceExtensionId,
  Phases,
  Props,
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
import type { RoomCmd, SessionMsg } from './messages.ts';
import { Tokens } from './token.ts';

async function start(config: Config): Promise<void> {
  const { NODE_NAME: node } = config;
  const log = pino({ base: { name: node } });
  const system = ActorSystem.create('chat', { log, trace: config.TRACE && { idOf } });
  await useJournal(system, config);

  const { HOST: host, CLUSTER_PORT: port, SEEDS: seeds } = config;
  const cluster = await Cluster.join(system, { host, port, seeds });
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

  const tokens = new Tokens(config.CHAT_SECRET);
  const app = await httpRoutes({ roomRegion, sessionRegion, tokens, log });
  const url = await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  const { MANAGEMENT_HOST, MANAGEMENT_PORT } = config;
  await startManagement(system, cluster, { host: MANAGEMENT_HOST, port: MANAGEMENT_PORT });

  const shutdown = system.extension(CoordinatedShutdownId);
  shutdown.addTask(Phases.ServiceUnbind, 'http', () => app.close());
  shutdown.installProcessHooks();
  cluster.subscribe((event) => {
    if (event instanceof SelfUp) log.info(`${node} ready ${url}`);
  });
}

/** What a message is followed by through the nodes, with TRACE=1: the id that its client gave it. */
function idOf(message: any): string | undefined {
  return message?.id ?? message?.payload?.id;
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

try {
  await start(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

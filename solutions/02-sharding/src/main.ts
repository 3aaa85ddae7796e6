// One node of the chat: joins the cluster, takes its share of sessions and rooms, serves clients.
import {
  ActorSystem,
  Cluster,
  ClusterSharding,
  CoordinatedShutdownId,
  Phases,
  Props,
  SelfUp,
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
  const system = ActorSystem.create('chat', { log, trace: config.TRACE });

  // #region 2.1
  const { HOST: host, CLUSTER_PORT: port, SEEDS: seeds } = config;
  const cluster = await Cluster.join(system, { host, port, seeds });
  // #endregion 2.1

  // #region 2.2
  const roomRegion = ClusterSharding.get(system, cluster).start<RoomCmd>({
    typeName: 'room',
    entityProps: Props.create(() => new ChatRoomActor(node)),
    extractEntityId: (msg) => msg.roomId,
    rememberEntities: true,
  });
  // #endregion 2.2
  // #region 2.3
  const sessionRegion = ClusterSharding.get(system, cluster).start<SessionMsg>({
    typeName: 'session',
    entityProps: Props.create(() => new UserSessionActor(roomRegion)),
    extractEntityId: (msg) => msg.userId,
    rememberEntities: true,
    passivationIdleMs: config.IDLE_MS,
  });
  // #endregion 2.3

  const tokens = new Tokens(config.CHAT_SECRET);
  const app = await httpRoutes({ roomRegion, sessionRegion, tokens, log });
  const url = await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  const { MANAGEMENT_HOST, MANAGEMENT_PORT } = config;
  await startManagement(system, cluster, { host: MANAGEMENT_HOST, port: MANAGEMENT_PORT });

  // #region 2.4
  const shutdown = system.extension(CoordinatedShutdownId);
  shutdown.addTask(Phases.ServiceUnbind, 'http', () => app.close());
  shutdown.installProcessHooks();
  // #endregion 2.4
  cluster.subscribe((event) => {
    if (event instanceof SelfUp) log.info(`${node} ready ${url}`);
  });
}

try {
  await start(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

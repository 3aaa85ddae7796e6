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
  // TODO 2.1 Join the cluster
  // Join the cluster at this node's own host and port, looking for the others at the seeds. All of
  // that is in the config. Every node has the same list of seeds, and one cluster comes of it.
  const cluster = await Cluster.join(system, { host: config.HOST, port: config.CLUSTER_PORT });
  log.warn(todo('2.1', 'join the other nodes').message);
  // #endregion 2.1

  // #region 2.2
  // TODO 2.2 Rooms all over the cluster
  // Start the sharding of rooms: type 'room', made from ChatRoomActor with this node's name, found
  // by the message's `roomId`, and remembered, so that a room whose node dies runs again
  // elsewhere.
  const roomRegion: any = {
    ask: () => Promise.reject(todo('2.2', 'spread the rooms over the cluster')),
  };
  // #endregion 2.2
  // #region 2.3
  // TODO 2.3 Sessions that rest
  // Start the sharding of sessions, type 'session', one for each `userId`. They are remembered
  // too, and stop after config.IDLE_MS without a message: a session holds nothing that is worth
  // the memory.
  const sessionRegion: any = {
    ask: () => Promise.reject(todo('2.3', 'spread the sessions over the cluster')),
  };
  // #endregion 2.3

  const tokens = new Tokens(config.CHAT_SECRET);
  const app = await httpRoutes({ roomRegion, sessionRegion, tokens, log });
  const url = await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  const { MANAGEMENT_HOST, MANAGEMENT_PORT } = config;
  await startManagement(system, cluster, { host: MANAGEMENT_HOST, port: MANAGEMENT_PORT });

  // #region 2.4
  // TODO 2.4 Leave politely
  // On SIGTERM a node first answers the HTTP requests it has and takes no new ones, then hands its
  // entities over and leaves. The runtime does the second part, once you install its process
  // hooks.
  log.warn(todo('2.4', 'leave the cluster politely').message);
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

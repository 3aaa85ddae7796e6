// The chat in one process: its rooms and sessions are actors, its clients come by HTTP.
import { ActorSystem, Props } from 'actor-ts';
import { pino } from 'pino';
import { ChatRoomActor } from './actors/ChatRoomActor.ts';
import { RegionActor } from './actors/RegionActor.ts';
import { UserSessionActor } from './actors/UserSessionActor.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { httpRoutes } from './handlers/httpRoutes.ts';
import type { RoomCmd, SessionMsg } from './messages.ts';
import { Tokens } from './token.ts';

async function start(config: Config): Promise<void> {
  const { NODE_NAME: node } = config;
  const log = pino({ base: { name: node } });
  const system = ActorSystem.create('chat', { log });

  const rooms = Props.create(() => new ChatRoomActor(node));
  const roomRegion = system.spawn(
    Props.create(() => new RegionActor<RoomCmd>(rooms, (msg) => msg.roomId)),
    'room',
  );
  const sessions = Props.create(() => new UserSessionActor(roomRegion));
  const sessionRegion = system.spawn(
    Props.create(() => new RegionActor<SessionMsg>(sessions, (msg) => msg.userId)),
    'session',
  );

  const tokens = new Tokens(config.CHAT_SECRET);
  const app = await httpRoutes({ roomRegion, sessionRegion, tokens, log });
  const url = await app.listen({ host: config.HTTP_HOST, port: config.HTTP_PORT });
  log.info(`${node} ready ${url}`);
}

try {
  await start(readConfig(process.env));
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

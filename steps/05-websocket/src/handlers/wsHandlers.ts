// GET /ws: who may open a socket, decided before the upgrade. Each socket gets a ConnectionActor.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  Actor,
  type ActorRef,
  type ActorSystem,
  Directive,
  OneForOneStrategy,
  Props,
} from 'actor-ts';
import { WebSocketServer } from 'ws';
import { ConnectionActor } from '../actors/ConnectionActor.ts';
import type { SessionMsg } from '../messages.ts';
import type { Identity, Tokens } from '../token.ts';
import { Problem, refuse } from './problem.ts';

const MAX_FRAME_BYTES = 16 * 1024;
const MAX_FRAGMENTS = 16;
/** How long a socket that was closed may take to read what it was sent. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface WsOptions {
  readonly node: string;
  readonly tokens: Tokens;
  readonly sessionRegion: ActorRef<SessionMsg>;
  /** The exact origins that may connect; undefined: only pages of this host. */
  readonly allowedOrigins?: readonly string[];
}

/** Parent of this node's connections. One that fails is closed; its client comes again. */
class Sockets extends Actor<Props> {
  override supervisorStrategy() {
    return new OneForOneStrategy({ decider: () => Directive.Stop });
  }

  override onReceive(connection: Props): void {
    this.context.spawnAnonymous(connection);
  }
}

/** Serves WebSockets on `server`. Stopping the returned actor closes them all, and no more come in. */
export function serveWebSockets(system: ActorSystem, server: Server, options: WsOptions): ActorRef {
  const { node, sessionRegion } = options;
  const limits = {
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
  const wss = new WebSocketServer({ noServer: true, clientTracking: false, ...limits });
  wss.on('wsClientError', ({ message }, socket) => {
    refuse(socket, new Problem(400, 'bad-request', message));
  });
  const parent = Props.create(() => new Sockets());
  const sockets = system.spawn(parent, 'sockets');
  server.on('upgrade', async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()); // gone before it was answered
    const admitted = await admit(request, options);
    if (admitted instanceof Problem) return refuse(socket, admitted);
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.pause(); // until its actor listens
      sockets.tell(Props.create(() => new ConnectionActor(ws, admitted, sessionRegion, node)));
    });
  });
  return sockets;
}

async function admit(request: IncomingMessage, options: WsOptions): Promise<Identity | Problem> {
  const [path] = request.url!.split('?'); // not by `new URL`, which throws for some: `//`
  if (path !== '/ws') return new Problem(404, 'not-found', 'WebSockets are served at /ws');
  // #region 5.1
  // TODO 5.1 Who may open a socket
  // Decide before the upgrade. A page of a foreign origin gets a 403 `bad-origin`, for the browser
  // would send along the cookie of whoever looks at it. Without a good token: 401 `unauthorized`.
  return new Problem(501, 'not-implemented', todo('5.1', 'let in who may').message);
  // #endregion 5.1
}

/** Only browsers send an `Origin`, and they always do: other programs are let through. */
function isOriginAllowed({ headers }: IncomingMessage, allowed?: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  if (allowed !== undefined) return allowed.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === host;
}

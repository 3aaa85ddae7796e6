// Clients that misbehave: some never read, some are there by half, two thousand come at once.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { TestNode } from '../../tests/harness/Driver.ts';
import { fresh, Login, tokenFor } from '../../tests/harness/Login.ts';
import { wsUrl } from '../../tests/harness/Socket.ts';
import type { Stage } from '../Stage.ts';
import type { Fault } from './Fault.ts';

const MUTE = 20;
const HALF = 60;
const STORM = 2000;
/** As many as a user may have. */
const SOCKETS_EACH = 10;
const STORM_PER_ROOM = 100;
const STORM_AGAIN_MS = 4000;
const ASK_EVERY_MS = 20;

const never = () => null;

/** They ask for pages of a busy room, over and over, and read none of them. */
const neverReading: Fault = {
  name: 'never-reading',
  on: 'all',
  isBeside: true,
  needs: never,
  async begin(stage) {
    const logins = await Promise.all(Array.from({ length: MUTE }, () => loginFor(stage)));
    const sockets = logins.map((login, i) => open(login, nodeFor(stage, i)));
    const asking = setInterval(() => {
      for (const ws of sockets) {
        ws.pause();
        if (ws.readyState !== WebSocket.OPEN || ws.bufferedAmount > 0) continue;
        for (const room of stage.rooms) ws.send(JSON.stringify({ type: 'join', room }));
      }
    }, ASK_EVERY_MS);
    return async () => {
      clearInterval(asking);
      for (const ws of sockets) ws.terminate();
    };
  },
};

/** Some say no more than half a request, some answer no ping, some have ended their half. */
const halfOpen: Fault = {
  name: 'half-open',
  on: 'all',
  isBeside: true,
  needs: never,
  async begin(stage) {
    const login = await loginFor(stage);
    const sockets = Array.from({ length: HALF }, (_, i) => {
      const socket = connectTo(nodeFor(stage, i));
      const lines = upgradeOf(login);
      if (i % 3 === 0) socket.write(lines.slice(0, lines.length / 2));
      else socket.write(lines);
      if (i % 3 === 1) socket.end();
      return socket;
    });
    return async () => {
      for (const socket of sockets) socket.destroy();
    };
  },
};

/** All come at once, are cut off, and come again at once. */
const storm: Fault = {
  name: 'reconnect-storm',
  on: 'all',
  lastsMs: [12_000, 15_000],
  needs: never,
  async begin(stage) {
    const logins = await Promise.all(
      Array.from({ length: STORM / SOCKETS_EACH }, () => loginFor(stage)),
    );
    const come = () =>
      Array.from({ length: STORM }, (_, i) => {
        const ws = open(logins[i % logins.length]!, nodeFor(stage, i));
        const room = `storm-${Math.floor(i / STORM_PER_ROOM)}`;
        ws.on('open', () => ws.send(JSON.stringify({ type: 'join', room })));
        return ws;
      });
    let sockets = come();
    await delay(STORM_AGAIN_MS);
    for (const ws of sockets) ws.terminate();
    sockets = come();
    return async () => {
      const isIn = sockets.filter((ws) => ws.readyState === WebSocket.OPEN);
      stage.say(`${isIn.length} of the ${STORM} that came again are in`);
      for (const ws of sockets) ws.terminate();
    };
  },
};

/** A user of its own, known by a token as the chat signs it. */
async function loginFor({ cluster }: Stage): Promise<Login> {
  const user = fresh('crowd');
  return new Login(cluster.nodes[0]!, user, await tokenFor(user, cluster.secret, '1h'));
}

function nodeFor({ cluster }: Stage, index: number): TestNode {
  return cluster.nodes[index % cluster.nodes.length]!;
}

function open({ token }: Login, node: TestNode): WebSocket {
  const ws = new WebSocket(wsUrl(node), { headers: { authorization: `Bearer ${token}` } });
  ws.on('error', () => undefined); // a node that is away lets nobody in, and that is its right
  return ws;
}

function connectTo({ http }: TestNode): Socket {
  const { hostname, port } = new URL(http);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  return socket.on('error', () => undefined);
}

function upgradeOf({ token }: Login): string {
  const head = [
    'GET /ws HTTP/1.1',
    'Host: chat',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    `Authorization: Bearer ${token}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

export const clients: readonly Fault[] = [neverReading, halfOpen, storm];

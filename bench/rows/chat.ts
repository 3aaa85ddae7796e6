// One room, 200 sockets over three nodes, messages of 100 bytes: how many come to a socket in a second.
// The clients are in the contender's process, the servers in others.
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { tokenFor } from '../../tests/harness/Login.ts';
import { processes } from '../../tests/harness/processes.ts';
import { type Frame, wsUrl } from '../../tests/harness/Socket.ts';
import { Peer } from './Peer.ts';
import { type Contender, perSecond, type Row } from './Row.ts';

const SOCKETS = 200;
const NODES = 3;
const MESSAGES = 500;
/** So many are on their way at the same time. */
const WINDOW = 20;
const TEXT = 'x'.repeat(100);
const ROOM = 'bench';

/** Says it to the room, by one socket. */
type Say = (message: { room: string; id: string; text: string }) => void;

/** A room full of sockets. Whoever says something waits until everybody has heard it. */
class Room {
  private readonly sockets: Say[] = [];
  private readonly missing = new Map<string, { left: number; done: () => void }>();
  private said = 0;

  add(say: Say): void {
    this.sockets.push(say);
  }

  heard(id: string): void {
    const message = this.missing.get(id)!;
    if (--message.left > 0) return;
    this.missing.delete(id);
    message.done();
  }

  measure(): Promise<number> {
    const sayInTurn = async (share: number) => {
      for (let i = 0; i < share; i++) await this.say();
    };
    return perSecond(
      MESSAGES * SOCKETS,
      async () =>
        void (await Promise.all(
          Array.from({ length: WINDOW }, () => sayInTurn(MESSAGES / WINDOW)),
        )),
      1000,
    );
  }

  private say(): Promise<void> {
    const id = `m${this.said++}`;
    const sayBySocket = this.sockets[this.said % SOCKETS]!;
    return new Promise((done) => {
      this.missing.set(id, { left: SOCKETS, done });
      sayBySocket({ room: ROOM, id, text: TEXT });
    });
  }
}

/** Resolves once the socket is in the room. */
function enter(room: Room, ws: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    ws.on('error', reject);
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === 'message') room.heard(frame.id);
      else if (frame.type === 'welcome') ws.send(JSON.stringify({ type: 'join', room: ROOM }));
      else if (frame.type === 'error') reject(new Error(JSON.stringify(frame)));
      else if (frame.type === 'joined') {
        room.add((message) => ws.send(JSON.stringify({ type: 'send-message', ...message })));
        resolve();
      }
    });
  });
}

/** `ws` alone in one process: everything that comes is sent to everybody. */
async function broadcast(atOnce: number): Promise<Contender> {
  const peer = await Peer.start('broadcast', { atOnce });
  const room = new Room();
  const url = `ws://127.0.0.1:${peer.said.port}`;
  await Promise.all(
    Array.from({ length: SOCKETS }, () =>
      enter(room, new WebSocket(url, { perMessageDeflate: false })),
    ),
  );
  return {
    measure: () => room.measure(),
    [Symbol.asyncDispose]: async () => peer[Symbol.dispose](),
  };
}

/** Three nodes that keep nothing: who is not there when something is said does not hear it. */
async function socketIo(): Promise<Contender> {
  const peer = await Peer.start('socketIo', { nodes: NODES });
  const room = new Room();
  const enter = (url: string) =>
    new Promise<void>((resolve, reject) => {
      const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
      socket.on('connect_error', reject);
      socket.on('connect', () => socket.emit('join', ROOM));
      socket.on('message', ({ id }) => room.heard(id));
      socket.on('joined', () => {
        room.add((message) => socket.emit('send-message', message));
        resolve();
      });
    });
  const urls = Array.from(
    { length: SOCKETS },
    (_, i) => `http://127.0.0.1:${peer.said.ports[i % NODES]}`,
  );
  await Promise.all(urls.map(enter));
  return {
    measure: () => room.measure(),
    [Symbol.asyncDispose]: async () => peer[Symbol.dispose](),
  };
}

async function ours(): Promise<Contender> {
  const cluster = await processes.startCluster(NODES);
  const room = new Room();
  for (let i = 0; i < SOCKETS; i++) {
    const authorization = `Bearer ${await tokenFor(`bench-${i}`, cluster.secret, '1h')}`;
    const url = wsUrl(cluster.nodes[i % NODES]!);
    await enter(room, new WebSocket(url, { headers: { authorization }, perMessageDeflate: false }));
  }
  return {
    measure: () => room.measure(),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

export const chat: Row = {
  ...{ name: 'chat', what: 'chat: deliveries to 200 sockets in one room', unit: '/s' },
  target: { of: 'reference', ratio: 1 },
  contenders: {
    reference: () => broadcast(1),
    'ten per write': () => broadcast(10),
    'Socket.IO': socketIo,
    ours,
  },
};

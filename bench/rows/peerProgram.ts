// The program of a contender's other processes. Says what it is to be reached by, then does as told.
//   node peerProgram.ts <role> <settings as JSON>
import forks from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter';
import { ActorSystem, Cluster } from 'actor-ts';
import { Server } from 'socket.io';
import { type WebSocket, WebSocketServer } from 'ws';
import { membersUp, startNode, subscribe } from './node.ts';
import { echoServer } from './raw.ts';

const [role, json] = process.argv.slice(2);
const settings = JSON.parse(json!);
const say = (message: object) => process.send!(message);

const ROLES: Readonly<Record<string, () => Promise<void>>> = {
  async echo() {
    say({ port: await echoServer(settings) });
  },
  /** Everything that comes goes to everybody: at once, or `atOnce` messages in one write. */
  async broadcast() {
    const { atOnce } = settings;
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await once(server, 'listening');
    const everybody = new Set<WebSocket & { _socket?: { cork(): void; uncork(): void } }>();
    let waiting: string[] = [];
    const flush = () => {
      const messages = waiting;
      waiting = [];
      for (const ws of everybody) {
        ws._socket!.cork();
        for (const message of messages) ws.send(message);
        ws._socket!.uncork();
      }
    };
    server.on('connection', (ws) => {
      ws.on('message', (data) => {
        const { type, ...message } = JSON.parse(String(data));
        if (type === 'join') {
          everybody.add(ws);
          return ws.send(JSON.stringify({ type: 'joined' }));
        }
        const frame = JSON.stringify({ type: 'message', ...message });
        if (atOnce === 1) for (const other of everybody) other.send(frame);
        else if (waiting.push(frame) === atOnce) flush();
        else if (waiting.length === 1) setImmediate(() => waiting.length > 0 && flush());
      });
      ws.send(JSON.stringify({ type: 'welcome' }));
    });
    say({ port: (server.address() as AddressInfo).port });
  },
  /** Socket.IO as its manual says: one process a node, and an adapter that passes broadcasts on. */
  async socketIo() {
    forks.setupPrimary({ args: ['socketIoNode', json!], serialization: 'advanced' });
    setupPrimary();
    const workers = Array.from({ length: settings.nodes }, () => forks.fork());
    say({ ports: await Promise.all(workers.map((worker) => portOf(worker))) });
  },
  async socketIoNode() {
    const server = createServer();
    const io = new Server(server, { transports: ['websocket'], adapter: createAdapter() });
    io.on('connection', (socket) => {
      socket.on('join', async (room) => {
        await socket.join(room);
        socket.emit('joined');
      });
      socket.on('send-message', ({ room, ...message }) => io.to(room).emit('message', message));
    });
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    say({ port: (server.address() as AddressInfo).port });
  },
  async node() {
    const node = await startNode(settings.seeds);
    await subscribe(node, settings.subscribers, () => say({ all: true }));
    say({ pid: process.pid });
  },
  /** Joins when it is told to, with everything loaded before. */
  async founder() {
    process.once('message', async () => {
      const { port, seeds } = settings;
      const system = ActorSystem.create('bench', { logLevel: 'silent' });
      await membersUp(await Cluster.join(system, { host: '127.0.0.1', port, seeds }), seeds.length);
      say({ up: true });
    });
    say({ ready: true });
  },
};

function portOf(worker: ReturnType<typeof forks.fork>): Promise<number> {
  return new Promise((resolve) => {
    worker.on('message', ({ port }) => port !== undefined && resolve(port));
  });
}

process.on('disconnect', () => process.exit());
await ROLES[role!]!();

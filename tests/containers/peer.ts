// One of those who sit in a network that is spoiled: echoes what comes to its port, by TCP and UDP, and
// does what it is told over its channel.
//   node peer.ts <port>
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type Order =
  /** Over the connection that there is to that address, or over a new one. */
  | { readonly do: 'ping'; readonly to: string }
  | { readonly do: 'throw'; readonly to: string; readonly count: number }
  | { readonly do: 'tell' };

export interface Told {
  /** Milliseconds, or an error's code. */
  readonly ping?: number | string;
  /** Datagrams thrown here, and those thrown from here that were echoed, since it was last asked. */
  readonly caught?: number;
  readonly echoed?: number;
  /** How connections ended, on either side, since it was last asked. */
  readonly ends?: readonly string[];
}

const ANSWER_WITHIN_MS = 1500;
const BURST = 50;
const BURST_EVERY_MS = 20;

const port = Number(process.argv[2]);
const connections = new Map<string, Socket>();
let ends: string[] = [];
let [caught, echoed] = [0, 0];

function watched(socket: Socket): Socket {
  let how = 'closed';
  socket.on('error', (error: NodeJS.ErrnoException) => {
    how = error.code ?? error.message;
  });
  return socket.on('close', () => ends.push(how)).setNoDelay();
}

async function ping(to: string): Promise<number | string> {
  const began = performance.now();
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    let socket = connections.get(to);
    if (socket === undefined) {
      socket = watched(connect(port, to)).on('close', () => connections.delete(to));
      connections.set(to, socket);
      await once(socket, 'connect', { signal });
    }
    socket.write('x');
    await once(socket, 'data', { signal });
    return performance.now() - began;
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    return name === 'AbortError' ? 'no answer' : code!;
  }
}

const server = createServer((socket) => watched(socket).pipe(socket));
const echoer = createSocket('udp4', (_message, { address, port: at }) => {
  caught++;
  echoer.send('x', at, address);
});
const thrower = createSocket('udp4', () => echoed++);

async function throwTo(to: string, count: number): Promise<void> {
  for (let thrown = 0; thrown < count; thrown++) {
    thrower.send('x', port, to);
    if (thrown % BURST === BURST - 1) await delay(BURST_EVERY_MS);
  }
  await delay(ANSWER_WITHIN_MS / 5);
}

async function obey(order: Order): Promise<Told> {
  if (order.do === 'ping') return { ping: await ping(order.to) };
  if (order.do === 'throw') {
    await throwTo(order.to, order.count);
    return {};
  }
  const told = { caught, echoed, ends };
  [caught, echoed, ends] = [0, 0, []];
  return told;
}

process.on('message', async (order: Order) => process.send!(await obey(order)));
process.once('disconnect', () => process.exit());
await once(server.listen(port, '0.0.0.0'), 'listening');
echoer.bind(port, () => process.send!({}));

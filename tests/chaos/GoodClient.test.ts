// The client that chaos runs judge by: what it does with answers that are late, bad or missing, and what
// it says of that. Against a server that does as each test says.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClientEvent } from '../harness/ClientEvent.ts';
import { eventually } from '../harness/eventually.ts';
import { GoodClient, type GoodClientOptions } from '../harness/GoodClient.ts';
import { Login } from '../harness/Login.ts';

type Frame = Readonly<Record<string, any>>;

/** Welcomes and answers joins; what it does with a message the test says. */
class Server {
  readonly name: string;
  readonly connections: WebSocket[] = [];
  readonly frames: Frame[] = [];
  onSend: (frame: Frame, ws: WebSocket) => void = () => undefined;
  head = 0;
  private readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });

  constructor(name: string) {
    this.name = name;
    this.server.on('connection', (ws) => {
      this.connections.push(ws);
      ws.send(JSON.stringify({ type: 'welcome', node: name, session: name }));
      ws.on('message', (data) => this.take(JSON.parse(data.toString()), ws));
    });
  }

  get http(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  listening(): Promise<unknown> {
    return once(this.server, 'listening');
  }

  close(): void {
    for (const ws of this.connections) ws.terminate();
    this.server.close();
  }

  private take(frame: Frame, ws: WebSocket): void {
    this.frames.push(frame);
    if (frame.type === 'send-message') this.onSend(frame, ws);
    else {
      const { room } = frame;
      const joined = { type: 'joined', room, head: this.head, recovered: true, messages: [] };
      ws.send(JSON.stringify(joined));
    }
  }
}

const ack = ({ room, id }: Frame, ws: WebSocket) =>
  ws.send(JSON.stringify({ type: 'ack', room, id, seq: 1, node: 'node1' }));

let servers: Server[];
let client: GoodClient | undefined;
let events: ClientEvent[];

beforeEach(async () => {
  servers = [new Server('one'), new Server('two')];
  events = [];
  await Promise.all(servers.map((server) => server.listening()));
});
afterEach(() => {
  client?.end();
  for (const server of servers) server.close();
});

async function joined(options: GoodClientOptions = {}): Promise<GoodClient> {
  const login = new Login(servers[0] as never, 'ann', 'a token');
  const observe = (event: ClientEvent) => events.push(event);
  client = new GoodClient(login, servers, 0, { observe, ...options });
  await client.join('red');
  return client;
}

const opsOf = (id: string) =>
  events
    .filter((event) => 'id' in event && event.id === id)
    .map((event) => (event.op === 'send' ? `send ${event.attempt}` : event.op));

describe('a good client', () => {
  test('sends again after a lost connection, and says that the outcome was unknown', async () => {
    servers[0]!.onSend = (_frame, ws) => ws.terminate();
    servers[1]!.onSend = ack;
    const ann = await joined();
    const id = ann.say('red', 'hello');
    await ann.quiet();
    expect(opsOf(id)).toEqual(['send 1', 'unknown', 'send 2', 'ack']);
    expect(events.filter(({ op }) => op === 'connected')).toMatchObject([
      { node: 'one' },
      { node: 'two' },
    ]);
  });

  test('sends again what was refused, later each time', async () => {
    const times: number[] = [];
    servers[0]!.onSend = ({ room, id }, ws) => {
      times.push(performance.now());
      if (times.length === 4) return ack({ room, id }, ws);
      const code = times.length === 1 ? 'timeout' : 'busy';
      ws.send(JSON.stringify({ type: 'error', code, room, id }));
    };
    const ann = await joined();
    const id = ann.say('red', 'hello');
    await ann.quiet();
    expect(opsOf(id)).toEqual([
      ...['send 1', 'unknown', 'send 2', 'fail', 'send 3', 'fail', 'send 4', 'ack'],
    ]);
    const [first, second, third] = times.slice(1).map((time, i) => time - times[i]!);
    expect(second!).toBeGreaterThan(first! * 1.5);
    expect(third!).toBeGreaterThan(second! * 1.5);
  });

  test('looks for another node when its own says nothing and owes an ack', async () => {
    servers[1]!.onSend = ack;
    const ann = await joined({ patienceMs: 300 });
    const id = ann.say('red', 'hello');
    await ann.quiet();
    expect(opsOf(id)).toEqual(['send 1', 'unknown', 'send 2', 'ack']);
    expect(servers[1]!.connections).toHaveLength(1);
  });

  test('stays where nothing is owed, however quiet it is', async () => {
    servers[0]!.onSend = ack;
    const ann = await joined({ patienceMs: 200 });
    ann.say('red', 'one');
    await ann.quiet();
    const began = performance.now();
    await eventually(
      () => performance.now() - began,
      (ms) => ms > 1000,
    );
    expect(ann.connections).toBe(1);
  });

  test('says a message again with its id after the ack, and keeps the first one', async () => {
    servers[0]!.onSend = ack;
    const ann = await joined();
    const id = ann.say('red', 'hello');
    await ann.quiet();
    const before = ann.acked.get(id);
    ann.say('red', 'hello', id);
    await ann.quiet();
    expect(opsOf(id)).toEqual(['send 1', 'ack', 'send 1', 'ack']);
    expect(ann.acked.get(id)).toBe(before);
    expect(ann.faults).toEqual([]);
  });

  test('goes where it is told to, and asks for what came after the last message it was shown', async () => {
    const ann = await joined();
    servers[1]!.head = 1;
    const message = {
      type: 'message',
      room: 'red',
      seq: 1,
      id: 'm',
      from: 'bob',
      text: 't',
      at: '',
    };
    servers[0]!.connections[0]!.send(JSON.stringify(message));
    await ann.caughtUp('red', 1);
    ann.moveTo(1);
    await eventually(
      () => servers[1]!.frames,
      (frames) => frames.length > 0,
    );
    expect(servers[1]!.frames).toEqual([{ type: 'join', room: 'red', since: 1 }]);
    const resumed = await eventually(
      () => events.filter(({ op }) => op === 'joined')[1],
      (event) => event !== undefined,
    );
    expect(resumed).toMatchObject({ since: 1, head: 1, recovered: true, from: null, to: null });
  });
});

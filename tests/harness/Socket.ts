// One WebSocket to the chat, as plain as it comes: frames out, frames in, and how it was closed.
import { once } from 'node:events';
import { until } from 'actor-ts/testkit';
import { type ClientOptions, WebSocket } from 'ws';
import type { TestNode } from './Driver.ts';
import type { Login } from './Login.ts';

export interface Frame {
  readonly type: string;
  readonly [field: string]: any;
}

export class Socket {
  readonly ws: WebSocket;
  /** All frames so far, in order. */
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | null = null;
  /** Per type, how far `next` has got. */
  private readonly taken = new Map<string, number>();

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data) => this.frames.push(JSON.parse(data.toString())));
    ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    ws.on('error', () => undefined); // `closed` says what came of it
  }

  /** Connects and waits for the welcome. */
  static async open(login: Login, node = login.node): Promise<Socket> {
    const headers = { authorization: `Bearer ${login.token}` };
    const socket = new Socket(new WebSocket(wsUrl(node), { headers }));
    await socket.next('welcome');
    return socket;
  }

  /** The first frame of `type` that fits, among those of its type that no `next` has gone past. */
  async next(type: string, fits: (frame: Frame) => boolean = () => true): Promise<Frame> {
    const from = this.taken.get(type) ?? 0;
    const find = () => this.frames.findIndex((f, i) => i >= from && f.type === type && fits(f));
    await until(() => find() >= 0 || this.closed !== null, {
      what: `a ${type} frame after ${JSON.stringify(this.frames.slice(-5)).slice(0, 500)}`,
      timeoutMs: 20_000,
    });
    const index = find();
    if (index < 0) throw new Error(`closed with ${this.closed!.code} before a ${type} frame came`);
    this.taken.set(type, index + 1);
    return this.frames[index]!;
  }

  send(frame: object | string): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  async join(room: string, since?: number): Promise<Frame> {
    this.send({ type: 'join', room, since });
    return this.next('joined', (frame) => frame.room === room);
  }

  /** Sends a message and waits for its ack. */
  async say(room: string, id: string, text = id): Promise<Frame> {
    this.send({ type: 'send-message', room, id, text });
    return this.next('ack', (frame) => frame.id === id);
  }

  /** Sends something and waits for the error that answers it. */
  async refusal(frame: object | string): Promise<Frame> {
    this.send(frame);
    return this.next('error');
  }

  messages(room: string): Frame[] {
    return this.frames.filter((frame) => frame.type === 'message' && frame.room === room);
  }

  async closing(): Promise<{ code: number; reason: string }> {
    await until(() => this.closed, { what: 'the socket to close', timeoutMs: 20_000 });
    return this.closed!;
  }

  async close(): Promise<void> {
    this.ws.close();
    await this.closing();
  }
}

export function wsUrl(node: Pick<TestNode, 'http'>): string {
  return `${node.http.replace('http', 'ws')}/ws`;
}

/** The HTTP answer to an upgrade that is refused. */
export async function refusedUpgrade(
  node: TestNode,
  options: ClientOptions = {},
  protocols?: string[],
) {
  const ws = new WebSocket(wsUrl(node), protocols ?? [], options);
  ws.on('error', () => undefined);
  const [, response] = await once(ws, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode as number, body: JSON.parse(body) };
}

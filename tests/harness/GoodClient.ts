// A client as it should be: it resumes after what it has seen, on any node, and sends again, with the
// same id, what was not acknowledged. It writes down everything that the chat promises never to do.
import { randomUUID } from 'node:crypto';
import { until } from 'actor-ts/testkit';
import { WebSocket } from 'ws';
import type { TestNode } from './Driver.ts';
import type { Login, Message } from './Login.ts';
import { type Frame, wsUrl } from './Socket.ts';

const RETRY_MS = 50;
const WELCOME_WITHIN_MS = 3000;

interface Unacked {
  readonly room: string;
  readonly id: string;
  readonly text: string;
}

export class GoodClient {
  /** Per room, what was pushed, in that order. */
  readonly log = new Map<string, Message[]>();
  /** id → where it stands, and how long the ack took from the first sending. */
  readonly acked = new Map<string, { room: string; seq: number; afterMs: number; at: number }>();
  /** What must never happen: a gap, a repetition, an ack that changes. */
  readonly faults: string[] = [];
  welcome: Frame | null = null;
  connections = 0;
  private readonly login: Login;
  private readonly nodes: readonly TestNode[];
  private readonly unacked = new Map<string, Unacked & { sentAt: number }>();
  private readonly joined = new Set<string>();
  private ws: WebSocket | null = null;
  private turn: number;
  private ended = false;

  /** Connects to `nodes[first]`, and to the next one each time the connection is lost. */
  constructor(login: Login, nodes: readonly TestNode[], first: number) {
    this.login = login;
    this.nodes = nodes;
    this.turn = first;
    this.connect();
  }

  get user(): string {
    return this.login.user;
  }

  get waiting(): number {
    return this.unacked.size;
  }

  async join(room: string): Promise<void> {
    if (!this.log.has(room)) this.log.set(room, []);
    if (this.welcome !== null) this.ask(room);
    await until(() => this.joined.has(room), { what: `${this.user} to join ${room}` });
  }

  /** Sends as soon as it can; the id is in `acked` once it is durable. */
  say(room: string, text: string): string {
    const message = { room, id: randomUUID(), text, sentAt: performance.now() };
    this.unacked.set(message.id, message);
    if (this.joined.has(room)) this.transmit(message);
    return message.id;
  }

  /** Resolves once everything said is acknowledged. */
  async quiet(timeoutMs = 20_000): Promise<void> {
    await until(() => this.unacked.size === 0, { what: `all acks of ${this.user}`, timeoutMs });
  }

  /** Resolves once every message up to `seq` of the room was pushed. */
  async caughtUp(room: string, seq: number): Promise<void> {
    await until(() => this.last(room) >= seq, { what: `${this.user} to see ${room} up to ${seq}` });
  }

  end(): void {
    this.ended = true;
    this.ws?.terminate();
  }

  private last(room: string): number {
    return this.log.get(room)?.at(-1)?.seq ?? 0;
  }

  private connect(): void {
    const node = this.nodes[this.turn++ % this.nodes.length]!;
    const headers = { authorization: `Bearer ${this.login.token}` };
    const ws = new WebSocket(wsUrl(node), { headers });
    this.ws = ws;
    this.connections++;
    const impatient = setTimeout(() => ws.terminate(), WELCOME_WITHIN_MS);
    ws.on('message', (data) => {
      if (ws !== this.ws || this.ended) return;
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.type === 'welcome') clearTimeout(impatient);
      this.onFrame(frame);
    });
    ws.on('error', () => undefined); // `close` follows
    ws.on('close', () => {
      clearTimeout(impatient);
      this.welcome = null;
      this.joined.clear();
      if (!this.ended) setTimeout(() => this.connect(), RETRY_MS);
    });
  }

  private onFrame(frame: Frame): void {
    if (frame.type === 'welcome') {
      const isFirst = this.welcome === null;
      this.welcome = frame;
      if (isFirst) for (const room of this.log.keys()) this.ask(room);
    } else if (frame.type === 'joined') {
      const since = this.last(frame.room);
      const start = frame.messages[0]?.seq ?? since + 1;
      // What was there before the first join is nobody's loss.
      if (since > 0 && (!frame.recovered || start > since + 1)) {
        this.faults.push(`${this.user} joined ${frame.room} after ${since}, got ${start}`);
      }
      for (const message of frame.messages) this.take(frame.room, message);
      this.joined.add(frame.room);
      for (const unacked of this.unacked.values()) {
        if (unacked.room === frame.room) this.transmit(unacked);
      }
    } else if (frame.type === 'message') {
      this.take(frame.room, frame as unknown as Message);
    } else if (frame.type === 'ack') {
      this.onAck(frame);
    } else if (frame.type === 'error' && frame.id !== undefined) {
      const unacked = this.unacked.get(frame.id);
      if (unacked !== undefined) setTimeout(() => this.transmit(unacked), 500);
    }
  }

  private take(room: string, { seq, id, from, text, at }: Message): void {
    const log = this.log.get(room)!;
    const last = log.at(-1)?.seq;
    if (last !== undefined && seq !== last + 1) {
      this.faults.push(`${this.user} got ${seq} after ${last} in ${room}`);
    }
    log.push({ seq, id, from, text, at });
  }

  private onAck({ room, id, seq }: Frame): void {
    const before = this.acked.get(id);
    if (before !== undefined && before.seq !== seq) {
      this.faults.push(`${id} was acked as ${before.seq} and as ${seq}`);
    }
    const unacked = this.unacked.get(id);
    if (unacked === undefined) return;
    this.unacked.delete(id);
    const at = performance.now();
    this.acked.set(id, { room, seq, afterMs: at - unacked.sentAt, at });
  }

  private ask(room: string): void {
    const since = this.last(room) || undefined;
    if (this.ws?.readyState === WebSocket.OPEN) {
      this.ws.send(JSON.stringify({ type: 'join', room, since }));
    }
  }

  private transmit({ room, id, text }: Unacked): void {
    if (!this.joined.has(room) || this.ws?.readyState !== WebSocket.OPEN) return;
    this.ws.send(JSON.stringify({ type: 'send-message', room, id, text }));
  }
}

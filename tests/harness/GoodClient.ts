// A client as it should be: it resumes after what it has seen, on any node, and sends again, with the
// same id, what was not acknowledged. It writes down everything that the chat promises never to do.
import { randomUUID } from 'node:crypto';
import { until } from 'actor-ts/testkit';
import { WebSocket } from 'ws';
import type { ClientEvent } from './ClientEvent.ts';
import type { TestNode } from './Driver.ts';
import type { Login, Message } from './Login.ts';
import { type Frame, wsUrl } from './Socket.ts';

const RETRY_MS = 50;
/** What was refused waits so long before it is sent again, then twice as long, up to 16 times. */
const REFUSED_MS = 500;
const MAX_DOUBLINGS = 4;
const WELCOME_WITHIN_MS = 3000;

interface Ack {
  readonly room: string;
  readonly seq: number;
  /** Where the room was. */
  readonly node: string;
  /** Milliseconds since it was said. */
  readonly afterMs: number;
  /** When it came, as `performance.now()` counts. */
  readonly at: number;
}

interface Unacked {
  readonly room: string;
  readonly id: string;
  readonly text: string;
  readonly saidAt: number;
  /** How often it was sent. */
  attempts: number;
  refusals: number;
  /** By `performance.now()`, while it waits for an answer on the connection that there is. */
  sentAt: number | null;
}

export interface GoodClientOptions {
  /** Told everything that the client does and hears, as it happens. */
  readonly observe?: (event: ClientEvent) => void;
  /**
   * Milliseconds after which a connection that owes an answer and says nothing at all is given up.
   * Default: never.
   */
  readonly patienceMs?: number;
}

export class GoodClient {
  /** Per room, what was pushed, in that order. */
  readonly log = new Map<string, Message[]>();
  /** id → where it stands, and how long the ack took from the first sending. */
  readonly acked = new Map<string, Ack>();
  /** What must never happen: a gap, a repetition, an ack that changes. */
  readonly faults: string[] = [];
  welcome: Frame | null = null;
  connections = 0;
  private readonly login: Login;
  private readonly nodes: readonly Pick<TestNode, 'http'>[];
  private readonly observe: (event: ClientEvent) => void;
  private readonly patienceMs: number;
  private readonly unacked = new Map<string, Unacked>();
  private readonly joined = new Set<string>();
  private ws: WebSocket | null = null;
  private turn: number;
  private heardAt = 0;
  private ended = false;

  /** Connects to `nodes[first]`, and to the next one each time the connection is lost. */
  constructor(
    login: Login,
    nodes: readonly Pick<TestNode, 'http'>[],
    first: number,
    options: GoodClientOptions = {},
  ) {
    this.login = login;
    this.nodes = nodes;
    this.turn = first;
    this.observe = options.observe ?? (() => undefined);
    this.patienceMs = options.patienceMs ?? Number.POSITIVE_INFINITY;
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

  /**
   * Sends as soon as it can; the id is in `acked` once it is durable. With the `id` of an earlier
   * message it says that one again.
   */
  say(room: string, text: string, id: string = randomUUID()): string {
    const saidAt = performance.now();
    const message: Unacked = { room, id, text, saidAt, attempts: 0, refusals: 0, sentAt: null };
    this.unacked.set(id, message);
    if (this.joined.has(room)) this.transmit(message);
    return id;
  }

  /** Resolves once everything said is acknowledged. */
  async quiet(timeoutMs = 20_000): Promise<void> {
    await until(() => this.unacked.size === 0, { what: `all acks of ${this.user}`, timeoutMs });
  }

  /** Resolves once every message up to `seq` of the room was pushed. */
  async caughtUp(room: string, seq: number): Promise<void> {
    await until(() => this.last(room) >= seq, { what: `${this.user} to see ${room} up to ${seq}` });
  }

  /** Gives its connection up, and connects to `nodes[index]` next. */
  moveTo(index: number): void {
    this.turn = index;
    this.ws?.terminate();
  }

  /** Reads nothing more until `goOnReading`; what comes meanwhile waits on its way. */
  stopReading(): void {
    this.ws?.pause();
  }

  goOnReading(): void {
    this.ws?.resume();
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
    this.heardAt = performance.now();
    const impatient = setTimeout(() => ws.terminate(), WELCOME_WITHIN_MS);
    const watching = setInterval(() => this.giveUpSilent(ws), RETRY_MS * 4);
    ws.on('message', (data) => {
      if (ws !== this.ws || this.ended) return;
      this.heardAt = performance.now();
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.type === 'welcome') clearTimeout(impatient);
      this.onFrame(frame);
    });
    ws.on('error', () => undefined); // `close` follows
    ws.on('close', (code) => {
      clearTimeout(impatient);
      clearInterval(watching);
      if (!this.ended) this.lost(code);
      if (!this.ended) setTimeout(() => this.connect(), RETRY_MS);
    });
  }

  private onFrame(frame: Frame): void {
    if (frame.type === 'welcome') {
      const isFirst = this.welcome === null;
      this.welcome = frame;
      this.observe({ op: 'connected', node: frame.node, session: frame.session });
      if (isFirst) for (const room of this.log.keys()) this.ask(room);
    } else if (frame.type === 'joined') {
      const since = this.last(frame.room);
      const start = frame.messages[0]?.seq ?? since + 1;
      // What was there before the first join is nobody's loss.
      if (since > 0 && (!frame.recovered || start > since + 1)) {
        this.faults.push(`${this.user} joined ${frame.room} after ${since}, got ${start}`);
      }
      this.observeJoined(frame, since);
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
      this.onRefused(frame as Frame & { readonly id: string });
    }
  }

  private observeJoined({ room, head, recovered, messages }: Frame, last: number): void {
    const since = last || null;
    const [from, to] = [messages[0]?.seq ?? null, messages.at(-1)?.seq ?? null];
    this.observe({ op: 'joined', room, since, head, recovered, from, to });
  }

  /** A time-out says nothing about the message; every other refusal does. */
  private onRefused({ id, code }: Frame & { readonly id: string }): void {
    const unacked = this.unacked.get(id);
    if (unacked === undefined) return;
    const { room } = unacked;
    unacked.sentAt = null;
    this.observe(code === 'timeout' ? { op: 'unknown', room, id } : { op: 'fail', room, id, code });
    const waitMs = REFUSED_MS * 2 ** Math.min(unacked.refusals++, MAX_DOUBLINGS);
    setTimeout(() => this.transmit(unacked), waitMs);
  }

  private take(room: string, { seq, id, from, text, at }: Message): void {
    const log = this.log.get(room)!;
    const last = log.at(-1)?.seq;
    if (last !== undefined && seq !== last + 1) {
      this.faults.push(`${this.user} got ${seq} after ${last} in ${room}`);
    }
    log.push({ seq, id, from, text, at });
    this.observe({ op: 'message', room, seq, id, from, text });
  }

  private onAck({ room, id, seq, node }: Frame): void {
    this.observe({ op: 'ack', room, id, seq, node });
    const before = this.acked.get(id);
    if (before !== undefined && before.seq !== seq) {
      this.faults.push(`${id} was acked as ${before.seq} and as ${seq}`);
    }
    const unacked = this.unacked.get(id);
    if (unacked === undefined) return;
    this.unacked.delete(id);
    const at = performance.now();
    if (before === undefined) {
      this.acked.set(id, { room, seq, node, afterMs: at - unacked.saidAt, at });
    }
  }

  private lost(code: number): void {
    for (const unacked of this.unacked.values()) {
      if (unacked.sentAt === null) continue;
      unacked.sentAt = null;
      this.observe({ op: 'unknown', room: unacked.room, id: unacked.id });
    }
    this.observe({ op: 'disconnected', code });
    this.welcome = null;
    this.joined.clear();
  }

  private giveUpSilent(ws: WebSocket): void {
    const sentAt = [...this.unacked.values()].map((unacked) => unacked.sentAt ?? Infinity);
    const owesJoin = this.joined.size < this.log.size;
    const owedSince = Math.max(this.heardAt, owesJoin ? 0 : Math.min(Infinity, ...sentAt));
    if (performance.now() - owedSince > this.patienceMs) ws.terminate();
  }

  private ask(room: string): void {
    const since = this.last(room) || undefined;
    if (this.ws?.readyState === WebSocket.OPEN) {
      this.ws.send(JSON.stringify({ type: 'join', room, since }));
    }
  }

  private transmit(message: Unacked): void {
    const { room, id, text } = message;
    if (!this.joined.has(room) || this.ws?.readyState !== WebSocket.OPEN) return;
    if (this.unacked.get(id) !== message || message.sentAt !== null) return;
    message.attempts++;
    message.sentAt = performance.now();
    this.observe({ op: 'send', room, id, text, attempt: message.attempts });
    this.ws.send(JSON.stringify({ type: 'send-message', room, id, text }));
  }
}

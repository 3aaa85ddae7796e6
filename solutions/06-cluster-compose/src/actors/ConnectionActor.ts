// One WebSocket, on the node that holds it. Nothing else touches the `ws` object.
//
// The session at the other end may die or move at any moment. So this actor remembers what the
// client was promised: the rooms it is in with the last seq pushed, the joins and sends that wait
// for an answer. It asks the session every second whether it is still there, and introduces itself
// again with all of that when the session stops, falls silent, does not know it, or lost a push.
import { Actor, type ActorRef, Terminated } from 'actor-ts';
import type { WebSocket } from 'ws';
import {
  type ConnectionMsg,
  clientFrame,
  type ErrorCode,
  isName,
  isTooLarge,
  SEND_WITHIN_MS,
  type SendMessage,
  type ServerFrame,
  type SessionMsg,
} from '../messages.ts';
import type { Identity } from '../token.ts';

const TICK_MS = 1000;
const SILENCE_MS = 2500;
const RESEND_MS = 2000;
const MAX_SENDS = 100;
const MAX_ROOMS = 100;
/** Joins asked for at once: each may bring a page, and pages must not pile up at a slow reader. */
const JOINS_AT_ONCE = 3;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const NO_PROGRESS_MS = 5000;
const PING_MS = 25_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

type SocketEvent = { kind: 'frame'; data: string | null } | { kind: 'pong' } | { kind: 'closed' };
type Internal = { kind: 'tick' } | { kind: 'ping' } | { kind: 'expired' } | { kind: 'page-read' };
type Asked = { readonly since?: number; askedAt: number | null; readonly until: number };
type Sent = { readonly msg: SendMessage; sentAt: number; readonly until: number };

export class ConnectionActor extends Actor<ConnectionMsg | SocketEvent | Internal | Terminated> {
  private readonly ws: WebSocket;
  private readonly identity: Identity;
  private readonly node: string;
  private readonly sessionRegion: ActorRef<SessionMsg>;
  private readonly rooms = new Map<string, number>();
  private readonly joins = new Map<string, Asked>();
  private readonly sends = new Map<string, Sent>();
  private session: ActorRef | null = null;
  private sessionNode = '';
  private introducing = false;
  private heardAt = 0;
  private freePages = JOINS_AT_ONCE;
  private progressAt = 0;
  private missedPongs = 0;

  constructor(
    ws: WebSocket,
    identity: Identity,
    sessionRegion: ActorRef<SessionMsg>,
    node: string,
  ) {
    super();
    this.ws = ws;
    this.identity = identity;
    this.sessionRegion = sessionRegion;
    this.node = node;
  }

  override preStart() {
    const { self, ws } = this;
    ws.on('message', (data, isBinary) => {
      self.tell({ kind: 'frame', data: isBinary ? null : data.toString() });
    });
    ws.on('pong', () => self.tell({ kind: 'pong' }));
    ws.on('close', () => self.tell({ kind: 'closed' }));
    ws.on('error', (err) => this.log.debug({ err }, 'a client broke the WebSocket protocol'));
    ws.resume();
    const { timers } = this.context;
    const leftMs = Math.max(0, this.identity.expiresAt - Date.now());
    timers.startSingleTimer('expired', { kind: 'expired' }, Math.min(leftMs, MAX_TIMER_MS));
    timers.startTimerWithFixedDelay('tick', { kind: 'tick' }, TICK_MS);
    timers.startTimerWithFixedDelay('ping', { kind: 'ping' }, PING_MS);
    if (ws.readyState === ws.OPEN) this.introduce();
    else this.context.stopSelf();
  }

  override postStop() {
    this.ws.removeAllListeners('message').removeAllListeners('pong');
    this.ws.close(1012, 'the node is stopping'); // does nothing where it was closed before
  }

  override onReceive(msg: ConnectionMsg | SocketEvent | Internal | Terminated) {
    if (msg instanceof Terminated) return this.lostSession(msg.actor);
    switch (msg.kind) {
      case 'frame':
        return this.onFrame(msg.data);
      case 'inbound':
        return this.onInbound(msg.payload);
      case 'here':
        return this.onHere(msg);
      case 'unknown-socket':
        return this.introduce();
      case 'too-many-sockets':
        this.refuse('rate-limited', 'this user has too many sockets open');
        return this.end(1008, 'too many sockets');
      case 'page-read':
        this.freePages++;
        return this.askJoins();
      case 'tick':
        return this.tick();
      case 'ping':
        return this.ping();
      case 'pong':
        this.missedPongs = 0;
        return;
      case 'expired':
        return this.end(4401, 'the token has expired');
      case 'closed':
        return this.context.stopSelf();
      default:
        return msg satisfies never;
    }
  }

  // ---- what the client says -----------------------------------------------------------------------

  private onFrame(data: string | null) {
    const raw = parse(data);
    const parsed = clientFrame.safeParse(raw);
    const about = { room: shortText(raw?.room), id: shortText(raw?.id) };
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue?.path.join('.') || 'frame';
      return this.refuse('bad-frame', `${where}: ${issue?.message}`, about);
    }
    const frame = parsed.data;
    if (!isName(frame.room)) return this.refuse('bad-room', 'there is no such name', about);
    if (frame.type === 'join') return this.onJoin(frame.room, frame.since);
    if (frame.type === 'leave') return this.onLeave(frame.room);
    this.onSend(frame.room, frame.id, frame.text);
  }

  private onJoin(room: string, since?: number) {
    if (this.joins.has(room)) return; // under way; both get the one answer
    if (this.joins.size >= MAX_ROOMS) {
      return this.refuse('busy', 'too many rooms are being joined', { room });
    }
    this.rooms.delete(room); // nothing more of it until it is joined anew
    this.joins.set(room, { since, askedAt: null, until: now() + SEND_WITHIN_MS });
    this.askJoins();
  }

  private onLeave(room: string) {
    this.rooms.delete(room);
    if (this.joins.get(room)?.askedAt != null) this.freePages++;
    this.joins.delete(room);
    this.toSession({ kind: 'leave', userId: this.identity.user, socket: this.self, room });
    this.push({ type: 'left', room });
    this.askJoins();
  }

  private onSend(room: string, id: string, text: string) {
    const about = { room, id };
    if (isTooLarge(text)) return this.refuse('too-large', 'a text has at most 8192 bytes', about);
    if (!this.rooms.has(room) && !this.joins.has(room)) {
      return this.refuse('not-joined', 'join the room first', about);
    }
    const key = `${room} ${id}`;
    if (this.sends.has(key)) return; // under way; both get the one answer
    if (this.sends.size >= MAX_SENDS) {
      return this.refuse('busy', 'too many messages wait for an answer', about);
    }
    const userId = this.identity.user;
    const msg = { kind: 'send-message', userId, room, id, text, again: false } as const;
    const send = {
      msg: { ...msg, replyTo: this.self },
      sentAt: now(),
      until: now() + SEND_WITHIN_MS,
    };
    this.sends.set(key, send);
    this.toSession(send.msg);
  }

  // ---- what the session says ----------------------------------------------------------------------

  private onInbound(frame: ServerFrame) {
    switch (frame.type) {
      case 'message':
        return this.onMessage(frame);
      case 'joined':
        if (!this.joins.delete(frame.room)) return; // left meanwhile, or the answer came twice
        this.rooms.set(frame.room, frame.head);
        return this.push(frame, () => this.self.tell({ kind: 'page-read' }));
      case 'ack':
        if (this.sends.delete(`${frame.room} ${frame.id}`)) this.push(frame);
        return;
      case 'error':
        if (frame.id !== undefined) {
          if (this.sends.delete(`${frame.room} ${frame.id}`)) this.push(frame);
        } else if (this.joins.delete(frame.room!)) {
          this.push(frame, () => this.self.tell({ kind: 'page-read' }));
        }
        return;
      default:
        return this.push(frame);
    }
  }

  private onMessage(frame: ServerFrame & { type: 'message' }) {
    const { room, seq } = frame;
    const last = this.rooms.get(room);
    if (last === undefined) {
      if (this.joins.has(room)) return;
      this.toSession({ kind: 'leave', userId: this.identity.user, socket: this.self, room });
    } else if (seq === last + 1) {
      this.rooms.set(room, seq);
      this.system.trace?.hop('socket', frame, { user: this.identity.user });
      this.push(frame);
    } else if (seq > last && !this.introducing) {
      this.introduce();
    }
  }

  private onHere({ session, node, pushed }: ConnectionMsg & { kind: 'here' }) {
    this.heardAt = now();
    this.introducing = false;
    if (this.session?.equals(session) !== true) {
      if (this.session !== null) this.context.unwatch(this.session);
      this.session = session;
      this.context.watch(session);
    }
    if (this.sessionNode !== node) {
      this.sessionNode = node;
      const { user } = this.identity;
      this.push({ type: 'welcome', user, node: this.node, session: node });
    }
    // What it pushed before it said this would be here by now.
    const lost = [...this.rooms].some(([room, last]) => (pushed.get(room) ?? last + 1) > last);
    if (lost) this.introduce();
  }

  private lostSession(ref: ActorRef) {
    if (this.session?.equals(ref) !== true) return;
    this.session = null;
    this.introduce();
  }

  private introduce() {
    const { self: socket, rooms } = this;
    this.introducing = true;
    this.heardAt = now(); // it has a while to answer
    this.toSession({
      kind: 'connect-ws',
      userId: this.identity.user,
      socket,
      rooms: new Map(rooms),
    });
    for (const [room, join] of this.joins) if (join.askedAt !== null) this.askJoin(room, join);
    for (const send of this.sends.values()) this.resend(send);
  }

  private askJoins() {
    for (const [room, join] of this.joins) {
      if (this.freePages === 0) return;
      if (join.askedAt !== null) continue;
      this.freePages--;
      this.askJoin(room, join);
    }
  }

  private askJoin(room: string, join: Asked) {
    join.askedAt = now();
    const { user: userId } = this.identity;
    this.toSession({ kind: 'join', userId, socket: this.self, room, since: join.since });
  }

  private resend(send: Sent) {
    send.sentAt = now();
    this.toSession({ ...send.msg, again: true });
  }

  private toSession(msg: SessionMsg) {
    this.sessionRegion.tell(msg);
  }

  // ---- time -----------------------------------------------------------------------------------------

  private tick() {
    if (this.ws.bufferedAmount > 0 && now() - this.progressAt > NO_PROGRESS_MS) {
      return this.end(1013, 'reading too slowly');
    }
    for (const [key, { msg, until }] of this.sends) {
      if (now() < until) continue;
      this.sends.delete(key);
      this.refuse('timeout', 'the room did not answer in time', { room: msg.room, id: msg.id });
    }
    for (const [room, { until, askedAt }] of this.joins) {
      if (now() < until) continue;
      this.joins.delete(room);
      if (askedAt !== null) this.freePages++;
      this.refuse('timeout', 'the room did not answer in time', { room });
    }
    if (now() - this.heardAt > SILENCE_MS) return this.introduce();
    this.toSession({ kind: 'still-there', userId: this.identity.user, socket: this.self });
    for (const [room, join] of this.joins) if (isLate(join.askedAt)) this.askJoin(room, join);
    for (const send of this.sends.values()) if (isLate(send.sentAt)) this.resend(send);
    this.askJoins();
  }

  private ping() {
    if (this.missedPongs === 2) {
      this.ws.terminate();
      return this.context.stopSelf();
    }
    this.missedPongs++;
    this.ws.ping();
  }

  // ---- the socket -----------------------------------------------------------------------------------

  private push(frame: ServerFrame, written?: () => void) {
    const { ws } = this;
    if (ws.bufferedAmount > MAX_BUFFERED_BYTES) return this.end(1013, 'reading too slowly');
    if (ws.bufferedAmount === 0) this.progressAt = now();
    ws.send(JSON.stringify(frame), () => {
      this.progressAt = now();
      written?.();
    });
  }

  private refuse(code: ErrorCode, message: string, about: { room?: string; id?: string } = {}) {
    this.push({ type: 'error', code, message, ...about });
  }

  private end(code: number, reason: string) {
    this.ws.close(code, reason);
    this.context.stopSelf();
  }
}

function now(): number {
  return performance.now();
}

function isLate(askedAt: number | null): boolean {
  return askedAt !== null && now() - askedAt > RESEND_MS;
}

function parse(data: string | null): any {
  try {
    return data === null ? null : JSON.parse(data);
  } catch {
    return null; // no object, so the schema refuses it
  }
}

/** What an error frame may repeat of a frame that was refused. */
function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= 64 ? value : undefined;
}

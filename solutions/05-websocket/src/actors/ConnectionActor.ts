// One WebSocket, on the node that holds it. Nothing else touches the `ws` object.
//
// The session at the other end may die or move at any moment. So this actor remembers what its
// client was promised: the rooms it is in with the last seq pushed, and what waits for an answer.
// It asks every second whether the session is still there, and introduces itself again with all of
// that when the session stops, falls silent, does not know it, or lost something on the way.
import { Actor, type ActorRef, Terminated } from 'actor-ts';
import { TokenBucket } from 'limiter';
import type { WebSocket } from 'ws';
import {
  type About,
  type ConnectionMsg,
  clientFrame,
  type ErrorCode,
  isName,
  isTooLarge,
  SEND_WITHIN_MS,
  type ServerFrame,
  type SessionMsg,
} from '../messages.ts';
import type { Identity } from '../token.ts';

const TICK_MS = 1000;
const SILENCE_MS = 2500;
/** The region may still think that the session is where it died: what it is told then is lost. */
const INTRODUCE_AGAIN_MS = 300;
const RESEND_MS = 2000;
const MAX_PENDING = 100;
/** Of any kind; who behaves needs a few. */
const FRAMES = { tokensPerInterval: 100, interval: 'second', bucketSize: 1000 } as const;
/** Who goes on sending has so long to read why; whoever is cut off loses what was not read yet. */
const FLOODED_MS = 5000;
/** Pages of history on their way to the client; further joins wait for one to be written. */
const MAX_PAGES = 4;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const NO_PROGRESS_MS = 5000;
const PING_MS = 25_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

type SocketEvent =
  | { kind: 'frame'; data: string | null }
  | { kind: 'pong' | 'closed' | 'tick' | 'introduce' | 'ping' | 'expired' | 'page-written' }
  | { kind: 'flooded' };
type Request = SessionMsg & { kind: 'join' | 'send-message' };
type Pending = { readonly request: Request; readonly until: number; tries: number; sentAt: number };

export class ConnectionActor extends Actor<ConnectionMsg | SocketEvent | Terminated> {
  private readonly ws: WebSocket;
  private readonly identity: Identity;
  private readonly sessionRegion: ActorRef<SessionMsg>;
  private readonly node: string;
  private readonly rooms = new Map<string, number>();
  /** Joins and sends that wait for their answer, in the order in which they came. */
  private readonly pending = new Map<string, Pending>();
  private session: { ref: ActorRef; node: string } | null = null;
  private heardAt = 0;
  private pages = 0;
  private readonly frames = new TokenBucket(FRAMES);
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
    this.frames.content = FRAMES.bucketSize; // a burst may come at once, and a new bucket is empty
  }

  override preStart() {
    const { self, ws } = this;
    ws.on('message', (data, isBinary) => {
      if (this.frames.tryRemoveTokens(1)) {
        return self.tell({ kind: 'frame', data: isBinary ? null : data.toString() });
      }
      ws.removeAllListeners('message'); // or the mailbox would hold all that it can send
      self.tell({ kind: 'flooded' });
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
    this.ws.resume(); // its client's answer to the close has to be read
    this.ws.close(1012, 'the node is stopping'); // does nothing where it was closed before
  }

  override onReceive(msg: ConnectionMsg | SocketEvent | Terminated) {
    if (msg instanceof Terminated) return this.lostSession(msg.actor);
    switch (msg.kind) {
      case 'frame':
        return this.onFrame(msg.data);
      case 'inbound':
        return this.onInbound(msg.payload);
      case 'here':
        return this.onHere(msg);
      case 'unknown-socket':
      case 'introduce':
        return this.introduce();
      case 'too-many-sockets':
        this.refuse('rate-limited', 'this user has too many sockets open');
        return this.end(1008, 'too many sockets');
      case 'page-written':
        return this.pageWritten();
      case 'tick':
        return this.tick();
      case 'ping':
        return this.ping();
      case 'flooded':
        this.system.scheduler.schedule(FLOODED_MS, () => this.ws.terminate());
        return this.end(1008, 'too many frames');
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
    if (this.ws.isPaused) return this.context.stash(); // read before the pause, see onJoin
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
    if (this.pending.has(keyOf(room))) return; // under way; both get the one answer
    if (this.pages === MAX_PAGES) {
      this.ws.pause();
      return this.context.stash();
    }
    this.pages++;
    this.rooms.delete(room); // nothing more of it until it is joined anew
    this.request({ kind: 'join', userId: this.identity.user, socket: this.self, room, since });
  }

  private onLeave(room: string) {
    this.rooms.delete(room);
    if (this.pending.delete(keyOf(room))) this.pageWritten();
    this.tellSession({ kind: 'leave', userId: this.identity.user, socket: this.self, room });
    this.push({ type: 'left', room });
  }

  private onSend(room: string, id: string, text: string) {
    const about = { room, id };
    if (isTooLarge(text)) return this.refuse('too-large', 'a text has at most 8192 bytes', about);
    if (!this.rooms.has(room) && !this.pending.has(keyOf(room))) {
      return this.refuse('not-joined', 'join the room first', about);
    }
    if (this.pending.has(keyOf(room, id))) return;
    if (this.pending.size >= MAX_PENDING) {
      return this.refuse('busy', 'too many messages wait for an answer', about);
    }
    const { user: userId } = this.identity;
    const message = { userId, room, id, text, again: false, replyTo: this.self };
    this.request({ kind: 'send-message', ...message });
  }

  // ---- what the session says ----------------------------------------------------------------------

  private onInbound(frame: ServerFrame) {
    if (frame.type === 'message') return this.onMessage(frame);
    const { room = '', id } = frame as { room?: string; id?: string };
    if (!this.pending.delete(keyOf(room, id))) return; // left meanwhile, or answered before
    if (frame.type === 'joined') this.rooms.set(room, frame.head);
    const isOfJoin = id === undefined;
    this.push(frame, isOfJoin ? () => this.self.tell({ kind: 'page-written' }) : undefined);
  }

  private onMessage(frame: ServerFrame & { type: 'message' }) {
    const { room, seq } = frame;
    const last = this.rooms.get(room);
    // #region 5.4
    if (last === undefined) {
      if (this.pending.has(keyOf(room))) return;
      this.tellSession({ kind: 'leave', userId: this.identity.user, socket: this.self, room });
    } else if (seq === last + 1) {
      this.rooms.set(room, seq);
      this.system.trace?.hop('socket', frame, { user: this.identity.user });
      this.push(frame);
    } else if (seq > last && !this.isIntroducing) {
      this.introduce();
    }
    // #endregion 5.4
  }

  private pageWritten() {
    this.pages--;
    this.ws.resume();
    this.context.unstashAll();
  }

  // ---- where the session is -----------------------------------------------------------------------

  private onHere({ session: ref, node, pushed }: ConnectionMsg & { kind: 'here' }) {
    this.heardAt = this.now;
    if (this.session?.node !== node) {
      const { user } = this.identity;
      this.push({ type: 'welcome', user, node: this.node, session: node });
    }
    if (this.session?.ref.equals(ref) !== true) {
      if (this.session !== null) this.context.unwatch(this.session.ref);
      this.context.watch(ref);
    }
    this.session = { ref, node };
    // What it pushed before it said this would be here by now.
    const lost = [...this.rooms].some(([room, last]) => (pushed.get(room) ?? last + 1) > last);
    if (lost) return this.introduce();
    if (!this.isIntroducing) return;
    this.context.timers.cancel('introduce');
    for (const pending of this.pending.values()) this.tellRequest(pending);
  }

  private lostSession(ref: ActorRef) {
    if (this.session?.ref.equals(ref)) this.introduce();
  }

  /** Until the session answers nothing else is told to it, so that what waits keeps its order. */
  private introduce() {
    // #region 5.2
    this.heardAt = this.now; // from here on it has a while to answer
    const { self: socket, rooms } = this;
    const { user: userId } = this.identity;
    this.tellSession({ kind: 'connect-ws', userId, socket, rooms: new Map(rooms) });
    this.context.timers.startSingleTimer('introduce', { kind: 'introduce' }, INTRODUCE_AGAIN_MS);
    // #endregion 5.2
  }

  private get isIntroducing(): boolean {
    return this.context.timers.isTimerActive('introduce');
  }

  private request(request: Request) {
    const until = this.now + SEND_WITHIN_MS;
    const pending = { request, until, tries: 0, sentAt: 0 };
    const id = request.kind === 'join' ? '' : request.id;
    this.pending.set(keyOf(request.room, id), pending);
    if (!this.isIntroducing) this.tellRequest(pending);
  }

  private tellRequest(pending: Pending) {
    const { request } = pending;
    const again = pending.tries > 0;
    pending.tries++;
    pending.sentAt = this.now;
    this.tellSession(request.kind === 'join' ? request : { ...request, again });
  }

  private tellSession(msg: SessionMsg) {
    this.sessionRegion.tell(msg);
  }

  private tick() {
    // #region 5.6
    if (this.ws.bufferedAmount > 0 && this.now - this.progressAt > NO_PROGRESS_MS) {
      return this.end(1013, 'reading too slowly');
    }
    // #endregion 5.6
    for (const { request, until } of this.pending.values()) {
      if (this.now < until) continue;
      const about = { room: request.room, id: request.kind === 'join' ? undefined : request.id };
      const message = 'the room did not answer in time';
      this.onInbound({ type: 'error', code: 'timeout', message, ...about });
    }
    if (this.isIntroducing) return;
    if (this.now - this.heardAt > SILENCE_MS) return this.introduce();
    this.tellSession({ kind: 'still-there', userId: this.identity.user, socket: this.self });
    for (const pending of this.pending.values()) {
      if (this.now - pending.sentAt > RESEND_MS) this.tellRequest(pending);
    }
  }

  // ---- the socket -----------------------------------------------------------------------------------

  private push(frame: ServerFrame, written?: () => void) {
    const { ws } = this;
    // #region 5.6
    if (ws.bufferedAmount > MAX_BUFFERED_BYTES) return this.end(1013, 'reading too slowly');
    if (ws.bufferedAmount === 0) this.progressAt = this.now;
    ws.send(JSON.stringify(frame), () => {
      this.progressAt = this.now;
      written?.();
    });
    // #endregion 5.6
  }

  private refuse(code: ErrorCode, message: string, about: About = {}) {
    this.push({ type: 'error', code, message, ...about });
  }

  private ping() {
    if (this.missedPongs === 2) {
      this.ws.terminate();
      return this.context.stopSelf();
    }
    this.missedPongs++;
    this.ws.ping();
  }

  private get now(): number {
    return this.system.scheduler.now();
  }

  private end(code: number, reason: string) {
    this.ws.close(code, reason);
    this.context.stopSelf();
  }
}

/** A room without an id stands for its join. */
function keyOf(room: string, id = ''): string {
  return `${room} ${id}`;
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

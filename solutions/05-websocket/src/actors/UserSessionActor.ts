// One logged-in user: the sockets, the rooms they are in, and what was pushed to each of them.
//
// A session is volatile: it may restart empty on another node at any moment. All that it holds can
// be had again: a socket introduces itself anew (rooms and last seqs), a room has its history.
import {
  Actor,
  type ActorRef,
  DistributedPubSubId,
  Subscribe,
  SubscribeAck,
  Terminated,
  Unsubscribe,
  UnsubscribeAck,
  UnsubscribeAll,
  type WithoutReplyTo,
} from 'actor-ts';
import { TokenBucket } from 'limiter';
import { askUntil } from '../askUntil.ts';
import {
  type About,
  type Ack,
  type ConnectionMsg,
  type ErrorCode,
  type ErrorFrame,
  type Inbox,
  PAGE_MESSAGES,
  type Page,
  type Posted,
  type RoomCmd,
  type RoomNews,
  SEND_WITHIN_MS,
  type SendMessage,
  type SendResult,
  type SessionMsg,
} from '../messages.ts';

const MAX_SOCKETS = 10;
const MAX_ROOMS = 100;
const MAX_SENDS = 100;
const MAX_INBOX = 200;
const SENDS = { tokensPerInterval: 20, interval: 'second', bucketSize: 50 } as const;

type Socket = {
  readonly ref: ActorRef<ConnectionMsg>;
  /** Room → last seq pushed; null while the room has not answered the join. */
  pushed: Map<string, number | null>;
};
type Room = {
  /** The highest seq heard of. Who is behind it gets what is missing from the room's history. */
  head: number;
  fetching: boolean;
  /** Last seq put into the inbox; null until the first news. */
  told: number | null;
  /** Joined by HTTP: stays without a socket. */
  followed: boolean;
};
type Send = { msg: SendMessage; askers: ActorRef<SendResult>[]; until: number };
type Answered = { readonly kind: 'answered'; readonly next: () => void };
type Msg = SessionMsg | RoomNews | Answered | Terminated | SubscribeAck | UnsubscribeAck;

export class UserSessionActor extends Actor<Msg> {
  private readonly mediator = this.system.extension(DistributedPubSubId).mediator;
  private readonly roomRegion: ActorRef<RoomCmd>;
  private readonly node: string;
  private readonly userId = this.entityId;
  private sockets: Socket[] = [];
  private readonly rooms = new Map<string, Room>();
  /** One queue a room, its first one under way: so a user's messages keep their order in a room. */
  private readonly sends = new Map<string, Send[]>();
  private readonly rate = new TokenBucket(SENDS);
  private inbox: Inbox['messages'][number][] = [];
  private readonly stopped = new AbortController();

  constructor(roomRegion: ActorRef<RoomCmd>, node: string) {
    super();
    this.roomRegion = roomRegion;
    this.node = node;
    this.rate.content = SENDS.bucketSize; // a burst may come at once, and a new bucket is empty
  }

  override postStop() {
    this.stopped.abort();
    this.mediator.tell(new UnsubscribeAll(this.self));
  }

  override onReceive(msg: Msg) {
    if (msg instanceof Terminated) return this.forget(msg.actor);
    if (msg instanceof SubscribeAck || msg instanceof UnsubscribeAck) return;
    switch (msg.kind) {
      case 'connect-ws':
        return this.connect(msg.socket, msg.rooms);
      case 'still-there':
        return this.withSocket(msg.socket, (socket) => this.greet(socket));
      case 'join':
        return this.withSocket(msg.socket, (socket) => this.join(socket, msg.room, msg.since));
      case 'leave':
        return this.withSocket(msg.socket, (socket) => this.leave(socket, msg.room));
      case 'follow':
        return this.follow(msg.room, msg.replyTo);
      case 'unfollow':
        return this.unfollow(msg.room, msg.replyTo);
      case 'inbox': {
        const messages = this.inbox.filter(({ position }) => position > msg.since);
        return msg.replyTo.tell({ node: this.node, rooms: [...this.rooms.keys()], messages });
      }
      case 'send-message':
        return this.send(msg);
      case 'inbound':
        return this.deliver(msg);
      case 'head':
        return this.learn(msg.roomId, msg.head);
      case 'answered':
        return msg.next();
      default:
        return msg satisfies never;
    }
  }

  // ---- sockets ----------------------------------------------------------------------------------

  private connect(ref: ActorRef<ConnectionMsg>, rooms: ReadonlyMap<string, number>) {
    // #region 5.2
    let socket = this.sockets.find((known) => known.ref.equals(ref));
    if (socket === undefined) {
      if (this.sockets.length === MAX_SOCKETS) return ref.tell({ kind: 'too-many-sockets' });
      socket = { ref, pushed: new Map() };
      this.sockets.push(socket);
      this.context.watch(ref);
    }
    const before = [...socket.pushed.keys()];
    socket.pushed = new Map(rooms);
    for (const room of before) this.closeUnused(room);
    this.greet(socket);
    for (const [roomId, seq] of rooms) {
      const room = this.open(roomId);
      room.head = Math.max(room.head, seq);
      if (!room.fetching) this.fetch(roomId, room, this.behind(roomId, room));
    }
    // #endregion 5.2
  }

  private greet({ ref, pushed }: Socket) {
    ref.tell({ kind: 'here', session: this.self, node: this.node, pushed: new Map(pushed) });
  }

  private forget(ref: ActorRef) {
    const gone = this.sockets.filter((socket) => socket.ref.equals(ref));
    this.sockets = this.sockets.filter((socket) => !socket.ref.equals(ref));
    for (const { pushed } of gone) for (const room of pushed.keys()) this.closeUnused(room);
  }

  /** A socket that this session does not know is told to introduce itself. */
  private withSocket(ref: ActorRef<ConnectionMsg>, then: (socket: Socket) => void) {
    const socket = this.sockets.find((known) => known.ref.equals(ref));
    if (socket === undefined) ref.tell({ kind: 'unknown-socket' });
    else then(socket);
  }

  // ---- rooms --------------------------------------------------------------------------------------

  private join(socket: Socket, roomId: string, since?: number) {
    if (socket.pushed.get(roomId) === null) return; // asked already
    if (this.isFull(roomId)) {
      return this.refuse(socket.ref, 'rate-limited', `a user has at most ${MAX_ROOMS} rooms`, {
        room: roomId,
      });
    }
    const room = this.open(roomId);
    const { pushed } = socket;
    pushed.set(roomId, null);
    // #region 5.3
    this.askRoom<Page>({ kind: 'resume', roomId, since }, SEND_WITHIN_MS, (page) => {
      // Left meanwhile, gone, or introduced anew: then the connection asks again if it still wants.
      if (socket.pushed !== pushed || pushed.get(roomId) !== null) return;
      if (page === null) {
        this.leave(socket, roomId);
        this.refuse(socket.ref, 'timeout', 'the room did not answer in time', { room: roomId });
        return;
      }
      const { head, complete: recovered, messages } = page;
      pushed.set(roomId, head);
      socket.ref.tell({
        kind: 'inbound',
        payload: { type: 'joined', room: roomId, head, recovered, messages },
      });
      room.told ??= head;
      this.learn(roomId, head);
    });
    // #endregion 5.3
  }

  private leave(socket: Socket, roomId: string) {
    socket.pushed.delete(roomId);
    this.closeUnused(roomId);
  }

  private follow(roomId: string, replyTo: ActorRef<readonly string[] | null>) {
    if (this.isFull(roomId)) return replyTo.tell(null);
    const room = this.open(roomId);
    room.followed = true;
    this.askRoom<Page>({ kind: 'history', roomId, limit: 1 }, SEND_WITHIN_MS, (page) => {
      if (page === null) return; // whoever asked has given up as well
      room.told ??= page.head;
      this.learn(roomId, page.head);
      replyTo.tell([...this.rooms.keys()]);
    });
  }

  private unfollow(roomId: string, replyTo: ActorRef<readonly string[] | null>) {
    const room = this.rooms.get(roomId);
    if (room !== undefined) room.followed = false;
    this.closeUnused(roomId);
    replyTo.tell([...this.rooms.keys()]);
  }

  private isFull(roomId: string): boolean {
    return this.rooms.size >= MAX_ROOMS && !this.rooms.has(roomId);
  }

  private open(roomId: string): Room {
    const open = this.rooms.get(roomId);
    if (open !== undefined) return open;
    const room = { head: 0, fetching: false, told: null, followed: false };
    this.rooms.set(roomId, room);
    this.mediator.tell(new Subscribe(`room.${roomId}`, this.self));
    return room;
  }

  private closeUnused(roomId: string) {
    if (this.rooms.get(roomId)?.followed !== false) return;
    if (this.sockets.some(({ pushed }) => pushed.has(roomId))) return;
    this.rooms.delete(roomId);
    this.mediator.tell(new Unsubscribe(`room.${roomId}`, this.self));
  }

  // ---- what rooms say -----------------------------------------------------------------------------

  /** Pushes to every socket for which it is the next message; who lacks an earlier one gets that first. */
  private deliver(news: RoomNews & { kind: 'inbound' }) {
    const { room: roomId, seq } = news.payload;
    const room = this.rooms.get(roomId);
    if (room === undefined) return;
    // #region 5.4
    for (const { ref, pushed } of this.sockets) {
      if (pushed.get(roomId) !== seq - 1) continue;
      pushed.set(roomId, seq);
      ref.tell(news);
    }
    // #endregion 5.4
    room.told ??= seq - 1;
    if (room.told === seq - 1) {
      room.told = seq;
      const position = Math.max(Date.now(), (this.inbox.at(-1)?.position ?? 0) + 1);
      this.inbox.push({ position, ...news.payload });
      if (this.inbox.length > MAX_INBOX) this.inbox.shift();
    }
    this.learn(roomId, seq);
  }

  private learn(roomId: string, head: number) {
    const room = this.rooms.get(roomId);
    if (room === undefined) return;
    room.head = Math.max(room.head, head);
    const behind = this.behind(roomId, room);
    if (behind < room.head && !room.fetching) this.fetch(roomId, room, behind);
  }

  /** The last seq that everybody has. */
  private behind(roomId: string, room: Room): number {
    const seqs = this.sockets.map(({ pushed }) => pushed.get(roomId));
    return Math.min(...[...seqs, room.told].map((seq) => seq ?? Number.POSITIVE_INFINITY));
  }

  private fetch(roomId: string, room: Room, since: number) {
    room.fetching = true;
    const query = { kind: 'history', roomId, since, limit: PAGE_MESSAGES } as const;
    this.askRoom<Page>(query, SEND_WITHIN_MS, (page) => {
      if (this.rooms.get(roomId) !== room) return;
      for (const message of page?.messages ?? []) {
        this.deliver({ kind: 'inbound', payload: { type: 'message', room: roomId, ...message } });
      }
      room.fetching = false;
      // A room that has less than it once told lost its journal: there is nothing to wait for.
      if (page?.messages.length === 0) room.head = page.head;
      this.learn(roomId, page?.head ?? 0);
    });
  }

  // ---- what the user says -------------------------------------------------------------------------

  private send(msg: SendMessage) {
    const { room, id } = msg;
    const queue = this.sends.get(room) ?? [];
    const same = queue.find((send) => send.msg.id === id);
    if (same !== undefined) {
      if (!same.askers.some((asker) => asker.equals(msg.replyTo))) same.askers.push(msg.replyTo);
      return;
    }
    const waiting = [...this.sends.values()].reduce((sum, { length }) => sum + length, 0);
    if (waiting >= MAX_SENDS) {
      return this.refuse(msg.replyTo, 'busy', 'too many messages on their way', { room, id });
    }
    if (!msg.again && !this.rate.tryRemoveTokens(1)) {
      const limit = `${SENDS.tokensPerInterval} messages a second, ${SENDS.bucketSize} at once`;
      return this.refuse(msg.replyTo, 'rate-limited', limit, { room, id });
    }
    this.sends.set(room, queue);
    queue.push({ msg, askers: [msg.replyTo], until: performance.now() + SEND_WITHIN_MS });
    if (queue.length === 1) this.postFirst(room, queue);
  }

  private postFirst(room: string, queue: Send[]) {
    const { msg, askers, until } = queue[0]!;
    const { id, text } = msg;
    const post = { kind: 'post', roomId: room, from: this.userId, id, text } as const;
    this.askRoom<Posted>(post, until - performance.now(), (posted) => {
      queue.shift();
      // #region 5.5
      for (const asker of askers) {
        if (posted === null) {
          this.refuse(asker, 'timeout', 'the room did not answer in time', { room, id });
          continue;
        }
        const { seq, node, repeated } = posted;
        const payload: Ack = { type: 'ack', room, id, seq, node };
        asker.tell({ kind: 'inbound', payload, repeated });
      }
      // #endregion 5.5
      if (queue.length > 0) this.postFirst(room, queue);
      else this.sends.delete(room);
    });
  }

  private refuse(asker: ActorRef<SendResult>, code: ErrorCode, message: string, about: About) {
    const payload: ErrorFrame = { type: 'error', code, message, ...about };
    asker.tell({ kind: 'inbound', payload });
  }

  /** The answer, null when none came in time, is handled in its turn like any message. */
  private askRoom<T>(
    cmd: WithoutReplyTo<RoomCmd>,
    withinMs: number,
    then: (answer: T | null) => void,
  ): void {
    const { signal } = this.stopped;
    const handle = (answer: T | null) => {
      if (!signal.aborted) this.self.tell({ kind: 'answered', next: () => then(answer) });
    };
    askUntil<T>(this.roomRegion, cmd, withinMs, signal).then(handle, () => handle(null));
  }
}

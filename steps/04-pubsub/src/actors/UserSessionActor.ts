// One logged-in user: posts to rooms for them, and collects what the rooms they joined publish.
//
// A session is volatile: it may restart empty on another node at any moment. Nothing that matters
// is lost with it: a room has its history, and the user joins again.
import {
  Actor,
  type ActorRef,
  DistributedPubSubId,
  Subscribe,
  SubscribeAck,
  Unsubscribe,
  UnsubscribeAck,
  UnsubscribeAll,
  type WithoutReplyTo,
} from 'actor-ts';
import { askUntil } from '../askUntil.ts';
import {
  type Inbox,
  PAGE_MESSAGES,
  type Page,
  type Posted,
  type RoomCmd,
  type RoomNews,
  SEND_WITHIN_MS,
  type SendMessage,
  type SessionMsg,
} from '../messages.ts';

const MAX_ROOMS = 100;
const MAX_INBOX = 200;

type Room = {
  /** The highest seq heard of. Who is behind it gets what is missing from the room's history. */
  head: number;
  fetching: boolean;
  /** Last seq put into the inbox; null until the first news. */
  told: number | null;
};
type Answered = { readonly kind: 'answered'; readonly next: () => void };
type Msg = SessionMsg | RoomNews | Answered | SubscribeAck | UnsubscribeAck;

export class UserSessionActor extends Actor<Msg> {
  private readonly mediator = this.system.extension(DistributedPubSubId).mediator;
  private readonly roomRegion: ActorRef<RoomCmd>;
  private readonly node: string;
  private readonly userId = this.entityId;
  private readonly rooms = new Map<string, Room>();
  private inbox: Inbox['messages'][number][] = [];
  private readonly stopped = new AbortController();

  constructor(roomRegion: ActorRef<RoomCmd>, node: string) {
    super();
    this.roomRegion = roomRegion;
    this.node = node;
  }

  override postStop() {
    this.stopped.abort();
    // #region 4.4
    // TODO 4.4 (1 of 2) Unsubscribe on leave and on stop
    // Who leaves a room hears no more of it, and a session that stops hears nothing at all: take
    // the subscription back, or the mediator goes on sending to nobody. Answer a leave with the
    // rooms left.
    this.log.warn(todo('4.4', 'take all subscriptions back').message);
    // #endregion 4.4
  }

  override onReceive(msg: Msg) {
    if (msg instanceof SubscribeAck || msg instanceof UnsubscribeAck) return;
    switch (msg.kind) {
      case 'follow':
        return this.follow(msg.room, msg.replyTo);
      case 'unfollow':
        return this.unfollow(msg.room, msg.replyTo);
      case 'inbox': {
        // #region 4.3
        // TODO 4.3 (1 of 2) The inbox
        // Keep what comes in if it is the next one (its seq is one more than `room.told`), and
        // nothing else: each message once, in order. Answer an `inbox` with what has a position
        // greater than `since`.
        return msg.replyTo.tell(todo('4.3', 'answer with what came in') as never);
        // #endregion 4.3
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

  // ---- rooms --------------------------------------------------------------------------------------

  private follow(roomId: string, replyTo: ActorRef<readonly string[] | null>) {
    if (this.isFull(roomId)) return replyTo.tell(null);
    // #region 4.2
    // TODO 4.2 (1 of 2) Subscribe on join
    // Open the room, which subscribes to its topic, then ask it for its head and take that as what
    // the user was told so far. Subscribe first: what comes between the two would be missed
    // otherwise.
    replyTo.tell(todo('4.2', 'join the room') as never);
    // #endregion 4.2
  }

  private unfollow(roomId: string, replyTo: ActorRef<readonly string[] | null>) {
    // #region 4.4
    // TODO 4.4 (2 of 2) Unsubscribe on leave and on stop
    replyTo.tell(todo('4.4', 'leave the room') as never);
    // #endregion 4.4
  }

  private isFull(roomId: string): boolean {
    return this.rooms.size >= MAX_ROOMS && !this.rooms.has(roomId);
  }

  private open(roomId: string): Room {
    const open = this.rooms.get(roomId);
    if (open !== undefined) return open;
    const room = { head: 0, fetching: false, told: null };
    this.rooms.set(roomId, room);
    // #region 4.2
    // TODO 4.2 (2 of 2) Subscribe on join
    this.log.warn(todo('4.2', 'subscribe to the topic of the room').message);
    // #endregion 4.2
    return room;
  }

  // ---- what rooms say -----------------------------------------------------------------------------

  /** Keeps the message if it is the next one; who lacks an earlier one gets that first. */
  private deliver(news: RoomNews & { kind: 'inbound' }) {
    const { room: roomId, seq } = news.payload;
    const room = this.rooms.get(roomId);
    if (room === undefined) return;
    // #region 4.3
    // TODO 4.3 (2 of 2) The inbox
    room.told = seq;
    this.log.warn(todo('4.3', 'keep the message if it is the next one').message);
    // #endregion 4.3
    this.learn(roomId, seq);
  }

  private learn(roomId: string, head: number) {
    const room = this.rooms.get(roomId);
    if (room === undefined) return;
    room.head = Math.max(room.head, head);
    if (room.told !== null && room.told < room.head && !room.fetching) {
      this.fetch(roomId, room, room.told);
    }
  }

  private fetch(roomId: string, room: Room, since: number) {
    // #region 4.5
    // TODO 4.5 Close the gaps
    // Pub/sub lost something: ask the room for what came after `since`, and deliver it as if it
    // had come that way. One question at a time (`room.fetching`), and afterwards look again.
    this.log.warn(todo('4.5', 'fetch what is missing').message);
    // #endregion 4.5
  }

  // ---- what the user says -------------------------------------------------------------------------

  /** An Error as the answer makes the asker ask again. */
  private send({ room: roomId, id, text, replyTo }: SendMessage) {
    const post = { kind: 'post', roomId, from: this.userId, id, text } as const;
    this.roomRegion.ask<Posted>(post).then(
      (posted) => replyTo.tell(posted),
      (error) => replyTo.tell(error),
    );
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

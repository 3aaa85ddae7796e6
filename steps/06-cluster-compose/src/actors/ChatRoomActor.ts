// One room: numbers its messages, keeps them in the journal, answers, and then tells everyone.
import {
  DistributedPubSubId,
  everyNEvents,
  JournalCorruptError,
  PersistenceExtensionId,
  PersistentActor,
  Publish,
} from 'actor-ts';
import { z } from 'zod';
import {
  type ChatMessage,
  chatMessage,
  type MessageFrame,
  NEWEST_MESSAGES,
  PAGE_BYTES,
  PAGE_MESSAGES,
  type Page,
  type RoomCmd,
  type RoomNews,
} from '../messages.ts';

export type RoomEvent = { readonly kind: 'posted'; readonly message: ChatMessage };

export interface RoomState {
  /** The last message's seq. Each event is one message, so it is the journal's seq as well. */
  readonly head: number;
  /** The newest messages; older ones are read from the journal. */
  readonly recent: readonly ChatMessage[];
  /**
   * `user id` → seq of at least the last 10,000 messages, oldest chunk first. In chunks, so that a
   * new state shares all but the last one with the state before.
   */
  readonly seqs: readonly ReadonlyMap<string, number>[];
}

const storedEvent = z.object({ kind: z.literal('posted'), message: chatMessage });
const storedState = z.object({
  head: z.int().min(0),
  recent: z.array(chatMessage),
  seqs: z.array(z.map(z.string(), z.int().min(1))),
});

const CHUNK_IDS = 500;
const FULL_CHUNKS = 20;
const BEACON_AFTER_MS = 250;
const BEACON_MAX_MS = 10_000;
const MAX_READS = 32;
/** Of one write: what they take at most is well below what a journal does. */
const MAX_POSTS = 100;

type Post = RoomCmd & { kind: 'post' };
const isPost = (cmd: RoomCmd): cmd is Post => cmd.kind === 'post';

export class ChatRoomActor extends PersistentActor<RoomCmd, RoomEvent, RoomState> {
  readonly roomId = this.entityId;
  readonly persistenceId = `room-${this.roomId}`;
  private readonly mediator = this.system.extension(DistributedPubSubId).mediator;
  private readonly journal = this.system.extension(PersistenceExtensionId).journal;
  private readonly node: string;
  private reads = 0;

  constructor(node: string) {
    super();
    this.node = node;
  }

  initialState(): RoomState {
    return { head: 0, recent: [], seqs: [] };
  }

  override snapshotPolicy() {
    return everyNEvents(1000);
  }

  /** Each event is one message, so both have the same number. */
  override isEvent(stored: unknown, seq: number): boolean {
    const { data } = storedEvent.safeParse(stored);
    return data?.message.seq === seq;
  }

  override isState(stored: unknown, seq: number): boolean {
    const { data } = storedState.safeParse(stored);
    if (data?.head !== seq) return false;
    const { length } = data.recent;
    return data.recent.every((message, index) => message.seq === seq - length + 1 + index);
  }

  onEvent(state: RoomState, { message }: RoomEvent): RoomState {
    return {
      head: message.seq,
      recent: [...state.recent, message].slice(-NEWEST_MESSAGES),
      seqs: remember(state.seqs, keyOf(message), message.seq),
    };
  }

  onCommand(state: RoomState, cmd: RoomCmd) {
    if (cmd.kind === 'post') this.post(state, [cmd, ...this.takeWaiting(isPost, MAX_POSTS - 1)]);
    if (cmd.kind === 'history') this.answer(cmd.replyTo, () => this.history(cmd));
    if (cmd.kind === 'resume') this.answer(cmd.replyTo, () => this.resume(cmd.since));
    if (cmd.kind === 'beacon') {
      this.publish({ kind: 'head', roomId: this.roomId, head: state.head });
      this.beaconIn(Math.min(cmd.afterMs * 4, BEACON_MAX_MS));
    }
  }

  /** Those that came while the ones before were being written are written, and published, together. */
  private post({ head, seqs }: RoomState, posts: readonly Post[]) {
    const byKey = Map.groupBy(posts, keyOf);
    const events: RoomEvent[] = [];
    for (const [key, same] of byKey) {
      const known = seqs.findLast((chunk) => chunk.has(key))?.get(key);
      if (known !== undefined) this.acknowledge(same, known);
      else {
        const { from, id, text } = same[0]!;
        const [seq, at] = [head + 1 + events.length, new Date().toISOString()];
        events.push({ kind: 'posted', message: { seq, id, from, text, at } });
      }
    }
    const payload: MessageFrame[] = [];
    this.persistAll(events, ({ message }) => {
      const [first, ...again] = byKey.get(keyOf(message))!;
      first!.replyTo.tell({ seq: message.seq, node: this.node, repeated: false });
      this.acknowledge(again, message.seq);
      payload.push({ type: 'message', room: this.roomId, ...message });
      if (payload.length < events.length) return;
      this.publish({ kind: 'inbound', payload });
      this.beaconIn(BEACON_AFTER_MS);
    });
  }

  private acknowledge(posts: readonly Post[], seq: number) {
    for (const { replyTo } of posts) replyTo.tell({ seq, node: this.node, repeated: true });
  }

  /** What a predecessor wrote and could not publish any more is learnt of by the beacon. */
  override onRecoveryComplete() {
    this.beaconIn(BEACON_AFTER_MS);
  }

  private publish(news: RoomNews) {
    this.mediator.tell(new Publish(`room.${this.roomId}`, news));
  }

  /** Pub/sub may lose a message, and nothing comes after the last one: so the head is told as well. */
  private beaconIn(afterMs: number) {
    const beacon: RoomCmd = { kind: 'beacon', roomId: this.roomId, afterMs };
    this.context.timers.startSingleTimer('beacon', beacon, afterMs);
  }

  /** Reads beside the mailbox, so that posting goes on; an Error makes the asker ask again. */
  private answer(replyTo: { tell(answer: any): void }, read: () => Promise<Page>) {
    if (this.reads === MAX_READS) return replyTo.tell(new Error('too many reads at once'));
    this.reads++;
    read()
      .then(
        (page) => replyTo.tell(page),
        (error) => {
          this.log.error({ err: error }, 'history cannot be read');
          replyTo.tell(error);
        },
      )
      .finally(() => this.reads--);
  }

  private history(query: { since?: number; before?: number; limit: number }): Promise<Page> {
    const { since, before = Number.POSITIVE_INFINITY, limit } = query;
    const to = Math.min(this.state.head, before - 1);
    return since === undefined
      ? this.newest(to, limit)
      : this.page(since + 1, Math.min(to, since + limit));
  }

  private async resume(since?: number): Promise<Page> {
    const { head } = this.state;
    if (since !== undefined && since <= head && head - since <= PAGE_MESSAGES) {
      const page = await this.page(since + 1, head);
      if (page.complete) return page;
    }
    return { ...(await this.newest(head, NEWEST_MESSAGES)), complete: since === undefined };
  }

  private async page(from: number, to: number): Promise<Page> {
    const { head } = this.state;
    const all = await this.read(from, to);
    const messages = upTo(PAGE_BYTES, all);
    return { head, complete: messages.length === all.length, messages };
  }

  private async newest(to: number, limit: number): Promise<Page> {
    const { head } = this.state;
    const all = await this.read(Math.max(1, to - limit + 1), to);
    const messages = upTo(PAGE_BYTES, all.toReversed()).toReversed();
    return { head, complete: true, messages };
  }

  private async read(from: number, to: number): Promise<readonly ChatMessage[]> {
    const { recent } = this.state;
    if (to < from) return [];
    if (recent[0] !== undefined && from >= recent[0].seq) {
      return recent.filter(({ seq }) => seq >= from && seq <= to);
    }
    const messages: ChatMessage[] = [];
    for await (const { event } of this.journal.read(this.persistenceId, from, to)) {
      const seq = from + messages.length;
      if (!this.isEvent(event, seq)) {
        throw new JournalCorruptError(`event ${seq} of '${this.persistenceId}' is no message`);
      }
      messages.push((event as RoomEvent).message);
    }
    return messages;
  }
}

function keyOf({ from, id }: { from: string; id: string }): string {
  return `${from} ${id}`;
}

function remember(seqs: RoomState['seqs'], key: string, seq: number): RoomState['seqs'] {
  const last = seqs.at(-1);
  if (last === undefined || last.size === CHUNK_IDS) {
    return [...seqs.slice(-FULL_CHUNKS), new Map([[key, seq]])];
  }
  return [...seqs.slice(0, -1), new Map(last).set(key, seq)];
}

/** The first of `messages` that fit into `bytes` of text, at least one. */
function upTo(bytes: number, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  let left = bytes;
  const count = messages.findIndex(({ text }) => {
    left -= Buffer.byteLength(text);
    return left < 0;
  });
  return count === -1 ? messages : messages.slice(0, Math.max(1, count));
}

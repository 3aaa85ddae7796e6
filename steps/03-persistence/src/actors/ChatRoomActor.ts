// One room: numbers its messages, keeps them in the journal, and only then answers.
import { everyNEvents, PersistenceExtensionId, PersistentActor } from 'actor-ts';
import {
  type ChatMessage,
  NEWEST_MESSAGES,
  PAGE_BYTES,
  type Page,
  type RoomCmd,
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

const CHUNK_IDS = 500;
const FULL_CHUNKS = 20;
const MAX_READS = 32;

export class ChatRoomActor extends PersistentActor<RoomCmd, RoomEvent, RoomState> {
  readonly roomId = this.entityId;
  readonly persistenceId = `room-${this.roomId}`;
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
    // #region 3.5
    // TODO 3.5 Snapshots
    // Save a snapshot of the state every 1000 events. A room then recovers from the latest one and
    // the few events after it, and not from everything that was ever said in it.
    this.log.warn(todo('3.5', 'save a snapshot now and then').message);
    return { isDue: () => false };
    // #endregion 3.5
  }

  onEvent(state: RoomState, { message }: RoomEvent): RoomState {
    // #region 3.2
    // TODO 3.2 The state is what the events make of it
    // Return the state after `message`: its seq is the new head, `recent` holds the newest
    // NEWEST_MESSAGES, and `seqs` remembers its key (`remember` does that). Change nothing in
    // place.
    this.log.error(todo('3.2', 'make the new state').message);
    return state;
    // #endregion 3.2
  }

  onCommand(state: RoomState, cmd: RoomCmd) {
    if (cmd.kind === 'post') {
      const node = this.node;
      // #region 3.3
      // TODO 3.3 The same message twice
      // Has this user sent a message with this `id` before? Then persist nothing, and answer with
      // its first seq and `repeated` true: a client that got no answer can send again without a
      // fear.
      this.log.error(todo('3.3', 'know a message that came before').message);
      // #endregion 3.3
      // #region 3.1
      // TODO 3.1 Persist before you answer
      // Make the message (its seq is one more than the head's), persist it as a `posted` event,
      // and answer only when that is done. An answer before the write is a promise that a crash
      // can break.
      cmd.replyTo.tell(todo('3.1', 'persist before you answer') as never);
      // #endregion 3.1
    }
    if (cmd.kind === 'history') this.answer(cmd.replyTo, () => this.history(cmd));
  }

  /** Reads beside the mailbox, so that posting goes on; an Error makes the asker ask again. */
  private answer(replyTo: { tell(answer: any): void }, read: () => Promise<Page>) {
    if (this.reads === MAX_READS) return replyTo.tell(new Error('too many reads at once'));
    this.reads++;
    read()
      .then(
        (page) => replyTo.tell(page),
        (error) => replyTo.tell(error),
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

  private async page(from: number, to: number): Promise<Page> {
    const { head } = this.state;
    const all = await this.read(from, to);
    const messages = upTo(PAGE_BYTES, all);
    return { head, messages };
  }

  private async newest(to: number, limit: number): Promise<Page> {
    const { head } = this.state;
    const all = await this.read(Math.max(1, to - limit + 1), to);
    const messages = upTo(PAGE_BYTES, all.toReversed()).toReversed();
    return { head, messages };
  }

  private async read(from: number, to: number): Promise<readonly ChatMessage[]> {
    const { recent } = this.state;
    if (to < from) return [];
    if (recent[0] !== undefined && from >= recent[0].seq) {
      return recent.filter(({ seq }) => seq >= from && seq <= to);
    }
    const messages: ChatMessage[] = [];
    for await (const { event } of this.journal.read(this.persistenceId, from, to)) {
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

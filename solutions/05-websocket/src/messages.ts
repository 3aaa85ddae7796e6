// What clients and actors say to each other. Every command may be repeated without harm: a send
// carries the client's `id`, everything else only reads or sets.
import type { ActorRef } from 'actor-ts';
import { z } from 'zod';

/** The names of users and rooms. */
const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/);
export const isName = (text: unknown): text is string => name.safeParse(text).success;

export const MAX_TEXT_BYTES = 8192;
/** Messages in one page of history, and the bytes of text from which on a page ends early. */
export const PAGE_MESSAGES = 500;
export const PAGE_BYTES = 256 * 1024;
/** What a socket gets that joins a room anew, or comes back after missing more than a page. */
export const NEWEST_MESSAGES = 100;
/** How long a node keeps trying to bring a message to its room. */
export const SEND_WITHIN_MS = 15_000;

// ---- clients ----------------------------------------------------------------------------------

const seq = z.int().min(0);
/** A message as a client posts it. Its size is checked apart, because it has an answer of its own. */
export const draft = z.object({
  id: z.string().regex(/^[\w.:-]{1,64}$/),
  text: z
    .string()
    .min(1)
    .refine((text) => text.isWellFormed()),
});
export const clientFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('join'), room: z.string(), since: seq.optional() }),
  z.object({ type: z.literal('leave'), room: z.string() }),
  draft.extend({ type: z.literal('send-message'), room: z.string() }),
]);
export const historyQuery = z.object({
  since: z.coerce.number().pipe(seq).optional(),
  before: z.coerce.number().pipe(seq.min(1)).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(PAGE_MESSAGES)).default(NEWEST_MESSAGES),
});
export const isTooLarge = (text: string) => Buffer.byteLength(text) > MAX_TEXT_BYTES;

export type ErrorCode =
  | 'bad-frame'
  | 'bad-room'
  | 'too-large'
  | 'not-joined'
  | 'rate-limited'
  | 'busy'
  | 'timeout'
  /** Of the workshop: an exercise that is not solved yet. */
  | 'not-implemented';

/** A message as its room numbered it: `seq` is dense from 1, `at` is ISO 8601. */
export interface ChatMessage {
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
  readonly at: string;
}
export type MessageFrame = { readonly type: 'message'; readonly room: string } & ChatMessage;
export interface JoinedFrame {
  readonly type: 'joined';
  readonly room: string;
  readonly head: number;
  readonly recovered: boolean;
  readonly messages: readonly ChatMessage[];
}
export type Ack = { type: 'ack'; room: string; id: string; seq: number; node: string };
export type About = { room?: string; id?: string };
export type ErrorFrame = { type: 'error'; code: ErrorCode; message: string } & About;
export type ServerFrame =
  | { type: 'welcome'; user: string; node: string; session: string }
  | { type: 'left'; room: string }
  | JoinedFrame
  | MessageFrame
  | Ack
  | ErrorFrame;

// ---- room ---------------------------------------------------------------------------------------

export type RoomCmd = { readonly roomId: string } & (
  | { kind: 'post'; from: string; id: string; text: string; replyTo: ActorRef<Posted> }
  | { kind: 'history'; since?: number; before?: number; limit: number; replyTo: ActorRef<Page> }
  | { kind: 'resume'; since?: number; replyTo: ActorRef<Page> }
  | { kind: 'beacon'; afterMs: number }
);
/** The message is in the journal; `repeated`: it was before. `node` is where the room lives. */
export type Posted = { readonly seq: number; readonly node: string; readonly repeated: boolean };
/** Messages in order; `complete`: all that were asked for, otherwise the newest of them. */
export interface Page {
  readonly head: number;
  readonly complete: boolean;
  readonly messages: readonly ChatMessage[];
}
/** What a room publishes on `room.<roomId>`: each message, and now and then how far it has got. */
export type RoomNews =
  | { readonly kind: 'inbound'; readonly payload: MessageFrame }
  | { readonly kind: 'head'; readonly roomId: string; readonly head: number };

// ---- session ------------------------------------------------------------------------------------

/** `socket` is the ref of the ConnectionActor: a socket cannot leave its node, a ref can. */
export type SessionMsg = { readonly userId: string } & (
  | { kind: 'connect-ws'; socket: ActorRef<ConnectionMsg>; rooms: ReadonlyMap<string, number> }
  | { kind: 'still-there'; socket: ActorRef<ConnectionMsg> }
  | { kind: 'join'; socket: ActorRef<ConnectionMsg>; room: string; since?: number }
  | { kind: 'leave'; socket: ActorRef<ConnectionMsg>; room: string }
  | SendMessage
  /** Without a socket; answered with the rooms, or null when they are too many. */
  | { kind: 'follow' | 'unfollow'; room: string; replyTo: ActorRef<readonly string[] | null> }
  | { kind: 'inbox'; since: number; replyTo: ActorRef<Inbox> }
);
export interface SendMessage {
  readonly kind: 'send-message';
  readonly userId: string;
  readonly room: string;
  readonly id: string;
  readonly text: string;
  /** Sent before: not counted against the user's rate again. */
  readonly again: boolean;
  readonly replyTo: ActorRef<SendResult>;
}
export interface SendResult {
  readonly kind: 'inbound';
  readonly payload: Ack | ErrorFrame;
  readonly repeated?: boolean;
}
export interface Inbox {
  readonly node: string;
  readonly rooms: readonly string[];
  readonly messages: readonly (MessageFrame & { readonly position: number })[];
}

// ---- connection -----------------------------------------------------------------------------------

export type ConnectionMsg =
  | { readonly kind: 'inbound'; readonly payload: ServerFrame }
  /** The session knows this socket, and pushed up to `pushed` in each of its rooms. */
  | { kind: 'here'; session: ActorRef; node: string; pushed: ReadonlyMap<string, number | null> }
  | { kind: 'unknown-socket' }
  | { kind: 'too-many-sockets' };

// What clients and actors say to each other.
import type { ActorRef } from 'actor-ts';
import { z } from 'zod';

/** The names of users and rooms. */
const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/);
export const isName = (text: unknown): text is string => name.safeParse(text).success;

export const MAX_TEXT_BYTES = 8192;
/** The most messages that a reader may ask for. */
export const PAGE_MESSAGES = 500;
/** What a reader gets who does not say how much. */
export const NEWEST_MESSAGES = 100;
/** How long a client waits for an answer at most. */
export const ANSWER_WITHIN_MS = 2000;

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
export const historyQuery = z.object({
  since: z.coerce.number().pipe(seq).optional(),
  before: z.coerce.number().pipe(seq.min(1)).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(PAGE_MESSAGES)).default(NEWEST_MESSAGES),
});
export const isTooLarge = (text: string) => Buffer.byteLength(text) > MAX_TEXT_BYTES;

/** A message as its room numbered it: `seq` is dense from 1, `at` is ISO 8601. */
export interface ChatMessage {
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
  readonly at: string;
}

// ---- room ---------------------------------------------------------------------------------------

export type RoomCmd = { readonly roomId: string } & (
  | { kind: 'post'; from: string; id: string; text: string; replyTo: ActorRef<Posted> }
  | { kind: 'history'; since?: number; before?: number; limit: number; replyTo: ActorRef<Page> }
);
/** The room has the message. `node` is where that happened. */
export type Posted = { readonly seq: number; readonly node: string };
/** Messages in order, and the seq of the room's last one. */
export interface Page {
  readonly head: number;
  readonly messages: readonly ChatMessage[];
}

// ---- session ------------------------------------------------------------------------------------

export type SessionMsg = SendMessage;
export interface SendMessage {
  readonly kind: 'send-message';
  readonly userId: string;
  readonly room: string;
  readonly id: string;
  readonly text: string;
  readonly replyTo: ActorRef<Posted | Error>;
}

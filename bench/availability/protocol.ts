// What the measurement and its nodes say to each other.
import type { ActorRef } from 'actor-ts';

/** Entities are numbered from 0. */
export const IDS = 60;

/** Where a node listens: `host:port` is also its name here. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface NodeSettings extends Place {
  readonly seeds: readonly string[];
  /** Told to leave, the node goes on asking while its shards are handed off. */
  readonly asksToTheEnd: boolean;
}

export interface Question {
  readonly id: number;
  readonly replyTo?: ActorRef;
}

export interface Answer {
  readonly pid: number;
  readonly node: string;
  /** When this instance of the entity started, milliseconds since 1970. */
  readonly startedAt: number;
  /** Questions this instance has answered. */
  readonly count: number;
}

/** Ask all entities every `everyMs`. */
export interface ToNode {
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** How one ask ended; null: without an answer. Times are milliseconds since 1970. */
export type Report = readonly [
  id: number,
  answer: readonly [pid: number, startedAt: number] | null,
  askedAt: number,
  endedAt: number,
];

export type FromNode =
  | { readonly type: 'up'; readonly at: number }
  /** Up and reachable, oldest first: the first one is the leader. */
  | { readonly type: 'members'; readonly members: readonly string[] }
  | { readonly type: 'reports'; readonly reports: readonly Report[] };

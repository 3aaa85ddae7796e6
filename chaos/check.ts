// The verdict on a run: what the clients did and were told, held against what the journal holds. Pure.
import { type Exercised, exercisedBy } from './check/exercised.ts';
import { Facts } from './check/Facts.ts';
import type { Finding } from './check/Finding.ts';
import { findInJournal } from './check/journal.ts';
import { findInOrder } from './check/order.ts';
import { findInStreams } from './check/streams.ts';
import {
  type Percentiles,
  percentilesOf,
  type Silence,
  silencesIn,
  slowestAcks,
} from './check/unavailability.ts';
import type { JournalEntry, Recorded } from './History.ts';

export interface Counts {
  /** Messages, each counted once. */
  readonly sent: number;
  readonly acked: number;
  /** Sendings that were refused, and those whose outcome was unknown. */
  readonly refused: number;
  readonly unknown: number;
  readonly inJournal: number;
  readonly pushed: number;
  /** Joins that went on after what the client had seen. */
  readonly resumed: number;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly counts: Counts;
  readonly silences: readonly Silence[];
  /** By fault: milliseconds until a room that it concerned acked again. */
  readonly unavailability: Readonly<Record<string, Percentiles>>;
  /** By fault: milliseconds that the slowest ack took of a message sent while it lasted. */
  readonly slowestAck: Readonly<Record<string, number>>;
  readonly exercised: Exercised;
}

export function check(history: readonly Recorded[], journal: readonly JournalEntry[]): Verdict {
  const facts = new Facts(history, journal);
  const { silences, findings: silent } = silencesIn(facts);
  return {
    findings: [...findInJournal(facts), ...findInOrder(facts), ...findInStreams(facts), ...silent],
    counts: countsOf(facts, journal),
    silences,
    unavailability: percentilesOf(silences),
    slowestAck: slowestAcks(facts),
    exercised: exercisedBy(facts),
  };
}

function countsOf({ history, sent }: Facts, journal: readonly JournalEntry[]): Counts {
  const count = (op: Recorded['op']) => history.filter((entry) => entry.op === op).length;
  return {
    sent: sent.size,
    acked: [...sent.values()].filter(({ acks }) => acks.length > 0).length,
    refused: count('fail'),
    unknown: count('unknown'),
    inJournal: journal.length,
    pushed: count('message'),
    resumed: history.filter((entry) => entry.op === 'joined' && entry.since !== null).length,
  };
}

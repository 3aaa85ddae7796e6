// The verdict on one trial, from what the nodes saw: pure functions of asks and their answers.
import { IDS } from './protocol.ts';

export interface Ask {
  /** The node that asked. */
  readonly from: string;
  readonly id: number;
  /** The process that answered; null: none did in time. */
  readonly pid: number | null;
  /** When the instance that answered had started. Times are milliseconds since 1970. */
  readonly startedAt: number | null;
  readonly askedAt: number;
  readonly endedAt: number;
}

/** Asks made in `[start, end)`; `live` are the nodes from which every entity must answer. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly live: readonly string[];
}

export interface WindowVerdict {
  /** Entities that answered from two processes. */
  readonly twice: readonly number[];
  /** Entities that did not answer some live node at all. */
  readonly unavailable: readonly number[];
  /** Asks without an answer. */
  readonly lost: number;
  readonly asks: number;
  /** How many entities answered from each process, fewest first. */
  readonly homes: readonly number[];
}

export function judgeWindow(asks: readonly Ask[], { start, end, live }: Window): WindowVerdict {
  const inside = asks.filter((a) => a.askedAt >= start && a.askedAt < end && live.includes(a.from));
  const byEntity = Map.groupBy(inside, ({ id }) => id);
  const answered = new Set<string>();
  for (const { id, pid, from } of inside) if (pid !== null) answered.add(`${id} ${from}`);
  const processesOf = (id: number) =>
    new Set((byEntity.get(id) ?? []).map(({ pid }) => pid).filter((pid) => pid !== null));
  const ids = Array.from({ length: IDS }, (_, id) => id);
  return {
    twice: ids.filter((id) => processesOf(id).size > 1),
    unavailable: ids.filter((id) => live.some((from) => !answered.has(`${id} ${from}`))),
    lost: inside.filter(({ pid }) => pid === null).length,
    asks: inside.length,
    homes: [
      ...Map.groupBy(
        ids.flatMap((id) => [...processesOf(id)]),
        (pid) => pid,
      ).values(),
    ]
      .map((list) => list.length)
      .sort((a, b) => a - b),
  };
}

export function lostBetween(asks: readonly Ask[], start: number, end: number): number {
  return asks.filter(({ pid, askedAt }) => pid === null && askedAt >= start && askedAt < end)
    .length;
}

/** Slower than this an answer counts as part of a gap. */
const LATE_MS = 500;

/**
 * Milliseconds from `since` to the answer that ends the last gap any of the nodes `from` saw: 0 when
 * all answers came in time, infinite when an entity did not answer again.
 */
export function backAfter(asks: readonly Ask[], since: number, from: readonly string[]): number {
  const later = asks.filter((a) => a.askedAt >= since && from.includes(a.from));
  let last = 0;
  for (const line of Map.groupBy(later, (a) => `${a.id} ${a.from}`).values()) {
    line.sort((a, b) => a.askedAt - b.askedAt);
    const late = line.findLastIndex(
      ({ pid, askedAt, endedAt }) => pid === null || endedAt - askedAt > LATE_MS,
    );
    if (late < 0) continue;
    const ending = line[late]!.pid === null ? line[late + 1] : line[late];
    last = Math.max(last, ending === undefined ? Number.POSITIVE_INFINITY : ending.endedAt - since);
  }
  return last;
}

/** Milliseconds from `since` to the last answer of a process that was not the entity's last home. */
export function settledAfter(asks: readonly Ask[], since: number): number {
  const answers = asks.filter((a) => a.pid !== null).sort((a, b) => a.askedAt - b.askedAt);
  let last = 0;
  for (const line of Map.groupBy(answers, (a) => a.id).values()) {
    const home = line.at(-1)!.pid;
    const other = line.findLast(({ pid }) => pid !== home);
    if (other !== undefined) last = Math.max(last, other.endedAt - since);
  }
  return last;
}

/**
 * Entities of which two instances lived side by side at some time from `since` on, one answering
 * between two answers of the other, with the end of the last such answer.
 */
export function everTwice(asks: readonly Ask[], since: number): Map<number, number> {
  const answers = asks.filter(({ pid, askedAt }) => pid !== null && askedAt >= since);
  const found = new Map<number, number>();
  for (const [id, line] of Map.groupBy(answers, (a) => a.id)) {
    const lives = [...Map.groupBy(line, instanceOf)].map(([instance, own]) => ({
      instance,
      start: Math.min(...own.map(({ endedAt }) => endedAt)),
      end: Math.max(...own.map(({ askedAt }) => askedAt)),
    }));
    const isBeside = (a: Ask) =>
      lives.some(
        ({ instance, start, end }) =>
          instance !== instanceOf(a) && start < a.askedAt && a.endedAt < end,
      );
    const beside = line.filter(isBeside).map(({ endedAt }) => endedAt);
    if (beside.length > 0) found.set(id, Math.max(...beside));
  }
  return found;
}

function instanceOf({ pid, startedAt }: Ask): string {
  return `${pid} ${startedAt}`;
}

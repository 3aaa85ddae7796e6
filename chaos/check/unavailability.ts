// How long rooms were silent when something happened: from a fault's begin to the first ack of a
// message that was sent after it.
import type { Facts } from './Facts.ts';
import type { Finding } from './Finding.ts';

export interface Silence {
  readonly fault: string;
  readonly room: string;
  readonly ms: number;
}

/**
 * The longest that a message waited for its ack, among those that were sent while a fault lasted by
 * clients with a socket: who posts over HTTP finds out what became of it in the end only.
 */
export function slowestAcks(facts: Facts): Record<string, number> {
  const slowest: Record<string, number> = {};
  const connected = facts.history.filter(({ op }) => op === 'connected');
  const clients = new Set(connected.map(({ client }) => client));
  for (const { name, begin, end } of windowsOf(facts)) {
    for (const { t, acks, from } of facts.sent.values()) {
      if (t < begin || t > end || acks.length === 0 || !clients.has(from)) continue;
      slowest[name] = Math.max(slowest[name] ?? 0, Math.round(acks[0]!.t - t));
    }
  }
  return slowest;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

interface Window {
  readonly name: string;
  readonly target: string;
  readonly beside: boolean;
  readonly total: boolean;
  readonly index: number;
  readonly begin: number;
  end: number;
}

interface RoomAck {
  readonly room: string;
  readonly node: string;
  readonly sentIndex: number;
  readonly index: number;
  readonly t: number;
}

/** The faults, in the order in which they began; one that never ended lasts until the end. */
export function windowsOf({ history }: Facts): Window[] {
  const windows: Window[] = [];
  history.forEach((entry, index) => {
    if (entry.op !== 'fault') return;
    const { name, target, beside, total, t } = entry;
    if (entry.phase === 'begin') {
      windows.push({ name, target, beside, total, index, begin: t, end: Infinity });
    } else {
      const window = windows.findLast((open) => open.name === name && open.end > t);
      if (window !== undefined) window.end = t;
    }
  });
  return windows;
}

export function silencesIn(facts: Facts): { silences: Silence[]; findings: Finding[] } {
  const acks = acksOf(facts);
  const windows = windowsOf(facts);
  const silences: Silence[] = [];
  const findings: Finding[] = [];
  for (const window of windows) {
    if (window.beside && windows.some((other) => !other.beside && overlap(window, other))) continue;
    for (const room of affected(window, acks)) {
      const first = acks.find((ack) => ack.room === room && ack.sentIndex > window.index);
      if (first === undefined) {
        const what = `${room} after ${window.name} of ${window.target} at ${window.begin} ms`;
        findings.push({ kind: 'no-ack-after', what });
      } else {
        silences.push({ fault: window.name, room, ms: Math.round(first.t - window.begin) });
      }
    }
  }
  return { silences, findings };
}

/** By fault. Of few values the 99th percentile is the greatest. */
export function percentilesOf(silences: readonly Silence[]): Record<string, Percentiles> {
  const byFault = Map.groupBy(silences, ({ fault }) => fault);
  return Object.fromEntries(
    [...byFault].map(([fault, ofFault]) => {
      const sorted = ofFault.map(({ ms }) => ms).sort((one, other) => one - other);
      const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
      return [fault, { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }];
    }),
  );
}

/** In the order in which they came. */
function acksOf(facts: Facts): RoomAck[] {
  const acks = [...facts.sent.values()].flatMap(({ room, index: sentIndex, acks }) =>
    acks.slice(0, 1).map(({ node, index, t }) => ({ room, node, sentIndex, index, t })),
  );
  return acks.sort((one, other) => one.index - other.index);
}

/** The rooms that were on its target last, or all of them. */
function affected({ target, index }: Window, acks: readonly RoomAck[]): string[] {
  const homes = new Map<string, string>();
  for (const ack of acks) if (ack.index < index) homes.set(ack.room, ack.node);
  const isAll = ![...homes.values()].includes(target) && !/^node\d+$/.test(target);
  return [...homes].filter(([, node]) => isAll || node === target).map(([room]) => room);
}

function overlap(one: Window, other: Window): boolean {
  return one.begin < other.end && other.begin < one.end;
}

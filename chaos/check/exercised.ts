// Whether a run tried what it is there for: a check that had nothing to find proves nothing.
import type { Facts } from './Facts.ts';
import { windowsOf } from './unavailability.ts';

export interface Exercised {
  readonly staleWritesRefused: number;
  readonly gapsRepaired: number;
  /** Messages that were sent again after their ack, and acked again. */
  readonly repeatsAcked: number;
  /** Fault → acks while it lasted; when there can be none, acks of what was sent meanwhile. */
  readonly acksDuring: Readonly<Record<string, number>>;
  /** What did not happen and should have, in words. */
  readonly missing: readonly string[];
}

export function exercisedBy(facts: Facts): Exercised {
  const probes = facts.history.filter((entry) => entry.op === 'probe');
  const count = (what: string) => probes.filter((probe) => probe.what === what).length;
  const staleWritesRefused = count('stale-write-refused');
  const gapsRepaired = count('gap-repaired');
  const repeatsAcked = [...facts.sent.values()].filter(({ acks }) => acks.length > 1).length;
  const acksDuring = acksDuringFaults(facts);
  const silent = Object.keys(acksDuring).filter((fault) => acksDuring[fault] === 0);
  const missing = [
    ...(staleWritesRefused === 0 ? ['no stale write was refused'] : []),
    ...(gapsRepaired === 0 ? ['no gap was repaired'] : []),
    ...(repeatsAcked === 0 ? ['no message was acked twice'] : []),
    ...(Object.keys(acksDuring).length === 0 ? ['nothing happened'] : []),
    ...silent.map((fault) => `no ack during ${fault}`),
  ];
  return { staleWritesRefused, gapsRepaired, repeatsAcked, acksDuring, missing };
}

function acksDuringFaults(facts: Facts): Record<string, number> {
  const acked = facts.history.filter((entry) => entry.op === 'ack').map(({ t }) => t);
  const sent = [...facts.sent.values()].filter(({ acks }) => acks.length > 0).map(({ t }) => t);
  const acks: Record<string, number> = {};
  for (const { name, begin, end, total } of windowsOf(facts)) {
    const during = (total ? sent : acked).filter((t) => t >= begin && t <= end).length;
    acks[name] = (acks[name] ?? 0) + during;
  }
  return acks;
}

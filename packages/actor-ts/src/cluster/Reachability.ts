// Who cannot reach whom. Each node writes only its own records; the verdict over all of them is a
// pure function of the shared state, so nodes with the same state reach the same verdict.
import { byAge, isLive, type MemberRecord } from './Member.ts';
import type { MembershipState } from './Membership.ts';

/** `refused`: nobody listens there, the process is gone. `silent`: it does not answer. */
export type Opinion = 'reachable' | 'silent' | 'refused';

/** What `observer` last said of `subject` (node keys). A higher `version` replaces a lower one. */
export interface ReachabilityRecord {
  readonly observer: string;
  readonly subject: string;
  readonly version: number;
  readonly opinion: Opinion;
}

const OPINIONS: readonly Opinion[] = ['reachable', 'silent', 'refused'];

export function recordKey(observer: string, subject: string): string {
  return `${observer} ${subject}`;
}

/** The newer record; an observer never writes two with one version, but the law must hold. */
export function mergeRecords(a: ReachabilityRecord, b: ReachabilityRecord): ReachabilityRecord {
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return OPINIONS.indexOf(a.opinion) >= OPINIONS.indexOf(b.opinion) ? a : b;
}

/** `state` with `observer`'s opinion of `subject`; the same object when nothing changes. */
export function withOpinion(
  state: MembershipState,
  observer: string,
  subject: string,
  opinion: Opinion,
): MembershipState {
  const key = recordKey(observer, subject);
  const before = state.reachability.get(key);
  if ((before?.opinion ?? 'reachable') === opinion) return state;
  const version = (before?.version ?? 0) + 1;
  const reachability = new Map(state.reachability);
  reachability.set(key, { observer, subject, version, opinion });
  return { ...state, reachability };
}

/**
 * How a live member stands in the shared state. `cut-off`: it and a reachable member accuse each
 * other, so a link is broken rather than a node, and this one is the one to go.
 */
export type Standing = Opinion | 'cut-off';

export interface Assessment {
  /** By node key; live members only. */
  readonly standing: ReadonlyMap<string, Standing>;
  /** What this very node regards as unreachable: by the shared verdict or by its own records. */
  readonly unreachable: ReadonlySet<string>;
  /** The accusations that count, as text: while it stays the same the picture is stable. */
  readonly signature: string;
}

/**
 * The members that `observer` watches: its successors on a ring of all live members, until `count`
 * of them answer. So when it loses sight of its neighbours it looks further, all around if need be.
 */
export function watchedBy(observer: string, state: MembershipState, count: number): string[] {
  const ring = liveKeys(state).sort();
  const start = ring.indexOf(observer);
  if (start < 0) return [];
  const watched: string[] = [];
  let answering = 0;
  for (const key of [...ring.slice(start + 1), ...ring.slice(0, start)]) {
    if (answering === count) break;
    watched.push(key);
    const opinion = state.reachability.get(recordKey(observer, key))?.opinion ?? 'reachable';
    if (opinion === 'reachable') answering++;
  }
  return watched;
}

function liveKeys(state: MembershipState): string[] {
  return [...state.members].filter(([, member]) => isLive(member)).map(([key]) => key);
}

/** @param watchedPeers how many successors that answer every member watches */
export function assess(state: MembershipState, self: string, watchedPeers: number): Assessment {
  const live = new Map([...state.members].filter(([, member]) => isLive(member)));
  const accusations = [...state.reachability.values()].filter(
    ({ observer, subject, opinion }) =>
      opinion !== 'reachable' && live.has(observer) && live.has(subject),
  );
  const cutOff = brokenLinkLosers(accusations, live);
  const counted = accusations.filter((a) => !cutOff.has(a.observer) && !cutOff.has(a.subject));
  const accused = new Set(counted.map((a) => a.subject));

  const standing = new Map<string, Standing>();
  for (const key of live.keys()) {
    if (cutOff.has(key)) standing.set(key, 'cut-off');
    else if (!accused.has(key)) standing.set(key, 'reachable');
    else standing.set(key, isGone(key) ? 'refused' : 'silent');
  }
  const unreachable = new Set([...standing].filter(([, s]) => s !== 'reachable').map(([k]) => k));
  for (const { observer, subject } of accusations) if (observer === self) unreachable.add(subject);
  unreachable.delete(self);
  const signature = accusations
    .map((a) => `${recordKey(a.observer, a.subject)} ${a.opinion}`)
    .sort()
    .join('\n');
  return { standing, unreachable, signature };

  /** Everybody who watches it, and can be reached, was refused there. */
  function isGone(subject: string): boolean {
    const refusedAt = new Set<string>();
    for (const a of counted) {
      if (a.subject !== subject) continue;
      if (a.opinion !== 'refused') return false;
      refusedAt.add(a.observer);
    }
    for (const observer of live.keys()) {
      if (observer === subject || accused.has(observer) || cutOff.has(observer)) continue;
      const watches = watchedBy(observer, state, watchedPeers).includes(subject);
      if (watches && !refusedAt.has(observer)) return false;
    }
    return true;
  }
}

/**
 * Two members that accuse each other, both seen here: their accusations travelled, so both are
 * alive and only the link between them is broken. Of each such pair the one with more broken links
 * has to go, in a tie the younger.
 */
function brokenLinkLosers(
  accusations: readonly ReachabilityRecord[],
  live: ReadonlyMap<string, MemberRecord>,
): Set<string> {
  const accusing = new Set(accusations.map((a) => recordKey(a.observer, a.subject)));
  let links = accusations.filter(
    (a) => a.observer < a.subject && accusing.has(recordKey(a.subject, a.observer)),
  );
  const losers = new Set<string>();
  while (links.length > 0) {
    const broken = new Map<string, number>();
    for (const { observer, subject } of links) {
      broken.set(observer, (broken.get(observer) ?? 0) + 1);
      broken.set(subject, (broken.get(subject) ?? 0) + 1);
    }
    const [loser] = [...broken].sort(
      ([a, linksOfA], [b, linksOfB]) => linksOfB - linksOfA || byAge(live.get(b)!, live.get(a)!),
    )[0]!;
    losers.add(loser);
    links = links.filter((a) => a.observer !== loser && a.subject !== loser);
  }
  return losers;
}

// How a node finds its cluster, or founds it. Every seed is asked again and again: "are you in a
// cluster?". Who hears yes joins there. Only one node may found a cluster, the first seed, and only
// when all others have answered no or are known not to run; so the same list may stand on every
// node, and it does not matter who starts when. Pure: state in, state out.
import { compareText, type NodeId } from './Member.ts';
import { compareClusters } from './MembershipLogic.ts';
import type { ClusterSummary } from './messages.ts';

/** A refusal must be seen again after this long, so that a process that is just starting is noticed. */
const REFUSAL_CONFIRM_MS = 150;
/** An answer older than this does not count any more; attempts to connect come less often. */
const ANSWER_VALID_MS = 1000;
const REFUSAL_VALID_MS = 2500;
/** A seed that has been silent for this long does not keep the first one from founding. */
const SILENCE_MS = 5000;
/** How long a node that was a member waits for those that should found before it. */
const STAND_IN_AFTER_MS = 2000;
/** After this long without a welcome the next node that is in the cluster is asked. */
const JOIN_RETRY_MS = 200;

export interface SeedTarget {
  readonly address: string;
  /** Place in the seed list; nodes that are only known from an earlier membership have none. */
  readonly seedIndex: number | null;
}

interface Target extends SeedTarget {
  readonly answer: 'none' | 'no-cluster' | 'cluster' | 'refused';
  readonly answeredAt: number;
  readonly refusedSince: number;
  /** With `cluster`: who answered and what it is. */
  readonly node: NodeId | null;
  readonly cluster: ClusterSummary | null;
}

export interface JoiningState {
  readonly selfAddress: string;
  readonly startedAt: number;
  /** Null until the seed names have been resolved. */
  readonly targets: ReadonlyMap<string, Target> | null;
  /** This node's own place in the seed list; null when it is not in it. */
  readonly selfIndex: number | null;
  /** Whether this node was a member before: then silence never lets it found a cluster. */
  readonly wasMember: boolean;
  readonly known: readonly string[];
  readonly askedAt: number;
  readonly askedTo: string | null;
}

export type JoiningDecision =
  | { readonly type: 'wait' }
  | { readonly type: 'found' }
  | { readonly type: 'join'; readonly via: NodeId };

/** @param known addresses of the members of the cluster that this node was in before */
export function startJoining(
  selfAddress: string,
  known: readonly string[] | null,
  now: number,
): JoiningState {
  return {
    selfAddress,
    startedAt: now,
    targets: null,
    selfIndex: null,
    wasMember: known !== null,
    known: known ?? [],
    askedAt: Number.NEGATIVE_INFINITY,
    askedTo: null,
  };
}

/** The seeds' addresses are known, or have changed. `targets` without this node itself. */
export function withTargets(
  state: JoiningState,
  targets: readonly SeedTarget[],
  selfIndex: number | null,
): JoiningState {
  const next = new Map<string, Target>();
  const former = state.known.map((address) => ({ address, seedIndex: null }));
  for (const { address, seedIndex } of [...targets, ...former]) {
    if (address === state.selfAddress || next.has(address)) continue;
    const before = state.targets?.get(address);
    next.set(address, before === undefined ? fresh(address, seedIndex) : { ...before, seedIndex });
  }
  return { ...state, targets: next, selfIndex };
}

/** `node`, tried under the address `asked`, says whether it is in a cluster. */
export function withAnswer(
  state: JoiningState,
  asked: string,
  node: NodeId,
  cluster: ClusterSummary | null,
  now: number,
): JoiningState {
  const answer = cluster === null ? 'no-cluster' : 'cluster';
  return changed(state, asked, (target) => ({
    ...target,
    answer,
    answeredAt: now,
    refusedSince: Number.POSITIVE_INFINITY,
    node,
    cluster,
  }));
}

/** Nobody listens on `asked`. */
export function withRefusal(state: JoiningState, asked: string, now: number): JoiningState {
  return changed(state, asked, (target) => ({
    ...target,
    answer: 'refused',
    answeredAt: now,
    refusedSince: target.answer === 'refused' ? target.refusedSince : now,
    node: null,
    cluster: null,
  }));
}

export function withJoinSent(state: JoiningState, via: NodeId, now: number): JoiningState {
  return { ...state, askedAt: now, askedTo: via.address };
}

export function decideJoining(state: JoiningState, now: number): JoiningDecision {
  if (state.targets === null) return { type: 'wait' };
  const targets = [...state.targets.values()];
  const welcoming = targets
    .filter((t) => t.answer === 'cluster' && isValid(t, now))
    .sort((a, b) => compareClusters(a.cluster!, b.cluster!) || compareText(a.address, b.address));
  if (welcoming.length > 0) {
    if (now - state.askedAt < JOIN_RETRY_MS) return { type: 'wait' };
    const best = welcoming.filter((t) => t.cluster!.id === welcoming[0]!.cluster!.id);
    const last = best.findIndex((t) => t.node!.address === state.askedTo);
    return { type: 'join', via: best[(last + 1) % best.length]!.node! };
  }
  return mayFound(state, targets, now) ? { type: 'found' } : { type: 'wait' };
}

/** In words, who is waited for. */
export function waitingFor(state: JoiningState, now: number): string {
  if (state.targets === null) return 'the names of the seeds to be resolved';
  const lines = [...state.targets.values()].map((target) => {
    const { address, answer } = target;
    if (!isValid(target, now)) return `${address} does not answer`;
    if (answer === 'refused') return `${address} refuses connections (not started?)`;
    if (answer === 'no-cluster') return `${address} is not in a cluster either`;
    return `${address} is in a cluster and has not admitted this node yet`;
  });
  if (state.wasMember)
    lines.push('this node was a member: it founds no cluster while one is silent');
  else if (state.selfIndex !== 0) lines.push('only the first seed founds a cluster');
  return lines.join('; ');
}

function mayFound(state: JoiningState, targets: readonly Target[], now: number): boolean {
  const isFirst = state.selfIndex === 0 || !targets.some((t) => t.seedIndex !== null);
  if (!isFirst && !mayStandIn(state, targets, now)) return false;
  const silent = targets.filter((t) => !saysNo(t, now));
  if (silent.length === 0) return true;
  if (silent.some((t) => isValid(t, now)) || now - state.startedAt < SILENCE_MS) return false;
  if (silent.some((t) => now - t.answeredAt < SILENCE_MS)) return false;
  // A former member may itself be the one that is cut off, from a cluster that goes on.
  return !state.wasMember;
}

/**
 * After a removal the first seed may be dead for good; then the next in the list that lives founds.
 * Should the first one found a cluster at the same moment, the two clusters merge.
 */
function mayStandIn(state: JoiningState, targets: readonly Target[], now: number): boolean {
  if (!state.wasMember || now - state.startedAt < STAND_IN_AFTER_MS) return false;
  const self = { address: state.selfAddress, seedIndex: state.selfIndex };
  const before = targets.filter((target) => comesBefore(target, self));
  return before.every(
    (t) => t.answer === 'refused' && isValid(t, now) && now - t.refusedSince >= STAND_IN_AFTER_MS,
  );
}

function comesBefore(a: SeedTarget, b: SeedTarget): boolean {
  const placeOf = ({ seedIndex }: SeedTarget) => seedIndex ?? Number.MAX_SAFE_INTEGER;
  return (placeOf(a) - placeOf(b) || compareText(a.address, b.address)) < 0;
}

function saysNo(target: Target, now: number): boolean {
  if (!isValid(target, now)) return false;
  if (target.answer === 'no-cluster') return true;
  return target.answer === 'refused' && now - target.refusedSince >= REFUSAL_CONFIRM_MS;
}

function isValid(target: Target, now: number): boolean {
  const validMs = target.answer === 'refused' ? REFUSAL_VALID_MS : ANSWER_VALID_MS;
  return target.answer !== 'none' && now - target.answeredAt <= validMs;
}

function fresh(address: string, seedIndex: number | null): Target {
  return {
    address,
    seedIndex,
    answer: 'none',
    answeredAt: Number.NEGATIVE_INFINITY,
    refusedSince: Number.POSITIVE_INFINITY,
    node: null,
    cluster: null,
  };
}

function changed(
  state: JoiningState,
  address: string,
  change: (target: Target) => Target,
): JoiningState {
  const target = state.targets?.get(address);
  if (target === undefined) return state;
  return { ...state, targets: new Map(state.targets).set(address, change(target)) };
}

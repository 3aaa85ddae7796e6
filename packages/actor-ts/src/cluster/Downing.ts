// Who goes when the cluster falls apart. A strategy is a pure function of what one side sees; each
// side decides alone, so the rules must never let two sides both go on.
import { OptionsError } from '../errors.ts';
import { checkOptions, isBoolean, isDurationMs, isInteger, isString } from '../options.ts';
import { byAge, type MemberRecord, nodeKey } from './Member.ts';
import type { Standing } from './Reachability.ts';

export interface DowningMember {
  readonly member: MemberRecord;
  readonly standing: Standing;
}

/** All live members as this side sees them; this side is everybody who is `reachable`. */
export interface DowningView {
  readonly members: readonly DowningMember[];
}

/** Node keys of the members to give up, and why in words. Nobody: wait. */
export interface DowningDecision {
  readonly down: readonly string[];
  readonly reason: string;
}

export interface DowningStrategy {
  /** How long the picture must not have changed before silence is acted upon. */
  readonly stableAfterMs: number;
  decide(view: DowningView): DowningDecision;
}

interface StrategyOptions {
  /** Milliseconds; default 2700. */
  stableAfterMs?: number;
  /** Count only members with this role. */
  role?: string;
}

const DEFAULT_STABLE_AFTER_MS = 2700;
const commonRules = { stableAfterMs: isDurationMs(0), role: isString };

/**
 * The side with more than half of the members goes on, at exactly half the one with the oldest.
 * Members whose process is known to be gone count for neither side.
 */
export class KeepMajority implements DowningStrategy {
  readonly stableAfterMs: number;
  readonly role: string | undefined;

  /** @throws OptionsError */
  constructor(options: StrategyOptions = {}) {
    checkOptions('KeepMajority', options, commonRules);
    this.stableAfterMs = options.stableAfterMs ?? DEFAULT_STABLE_AFTER_MS;
    this.role = options.role;
  }

  decide(view: DowningView): DowningDecision {
    const voters = votersOf(view, this.role, true).filter((v) => v.standing !== 'refused');
    const mine = voters.filter((v) => v.standing === 'reachable');
    const count = `${mine.length} of ${voters.length} members`;
    if (mine.length * 2 > voters.length || voters.length === 0) {
      return othersGo(view, `this side has ${count}`);
    }
    const oldest = voters[0]!;
    if (mine.length * 2 === voters.length && mine.includes(oldest)) {
      return othersGo(view, `this side has ${count}, among them the oldest`);
    }
    return thisSideGoes(view, `this side has only ${count}`);
  }
}

/** The side with the oldest member goes on; unless the oldest is alone and `downIfAlone` (default). */
export class KeepOldest implements DowningStrategy {
  readonly stableAfterMs: number;
  readonly role: string | undefined;
  readonly downIfAlone: boolean;

  /** @throws OptionsError */
  constructor(options: StrategyOptions & { downIfAlone?: boolean } = {}) {
    checkOptions('KeepOldest', options, { ...commonRules, downIfAlone: isBoolean });
    this.stableAfterMs = options.stableAfterMs ?? DEFAULT_STABLE_AFTER_MS;
    this.role = options.role;
    this.downIfAlone = options.downIfAlone ?? true;
  }

  decide(view: DowningView): DowningDecision {
    const voters = votersOf(view, this.role).filter((v) => v.standing !== 'refused');
    const [oldest, ...rest] = voters;
    if (oldest === undefined) return othersGo(view, 'no member is up elsewhere');
    const isOurs = oldest.standing === 'reachable';
    const friends = rest.filter((v) => (v.standing === 'reachable') === isOurs);
    const isAlone = this.downIfAlone && friends.length === 0 && rest.length > 0;
    if (isOurs) {
      return isAlone
        ? thisSideGoes(view, 'the oldest member is alone')
        : othersGo(view, 'this side has the oldest member');
    }
    return isAlone
      ? othersGo(view, 'the oldest member is alone on the other side')
      : thisSideGoes(view, 'the other side has the oldest member');
  }
}

/**
 * A side with at least `size` members goes on. Never start more than 2 × size - 1 members, or two
 * sides may both have the quorum. Members whose process is gone are missing like any other.
 */
export class StaticQuorum implements DowningStrategy {
  readonly stableAfterMs: number;
  readonly role: string | undefined;
  readonly size: number;

  /** @throws OptionsError */
  constructor(options: StrategyOptions & { size: number }) {
    checkOptions('StaticQuorum', options, { ...commonRules, size: isInteger(1) }, ['size']);
    this.stableAfterMs = options.stableAfterMs ?? DEFAULT_STABLE_AFTER_MS;
    this.role = options.role;
    this.size = options.size;
  }

  decide(view: DowningView): DowningDecision {
    const mine = votersOf(view, this.role).filter((v) => v.standing === 'reachable').length;
    const count = `${mine} members, the quorum is ${this.size}`;
    return mine >= this.size
      ? othersGo(view, `this side has ${count}`)
      : thisSideGoes(view, `this side has only ${count}`);
  }
}

/** @throws OptionsError when `value` is no strategy */
export function checkDowning(where: string, value: DowningStrategy): void {
  if (typeof value?.decide !== 'function' || !Number.isFinite(value.stableAfterMs)) {
    throw new OptionsError(
      `${where}: \`downing\` takes KeepMajority, KeepOldest, StaticQuorum or an object with ` +
        `stableAfterMs and decide(view)`,
    );
  }
}

/**
 * Oldest first. Who is not up yet has no vote; but out of reach it may have become up without this
 * side having heard of it, so `withDoubtful` counts it for the other side then.
 */
function votersOf(
  view: DowningView,
  role: string | undefined,
  withDoubtful = false,
): DowningMember[] {
  const hasVote = ({ member, standing }: DowningMember) => {
    if (member.status !== 'joining' && member.status !== 'weakly-up') return true;
    return withDoubtful && standing !== 'reachable';
  };
  return view.members
    .filter(hasVote)
    .filter(({ member }) => role === undefined || member.roles.includes(role))
    .sort((a, b) => byAge(a.member, b.member));
}

function othersGo(view: DowningView, reason: string): DowningDecision {
  return { down: keysOf(view.members.filter((m) => m.standing !== 'reachable')), reason };
}

/** With the ones whose link to this side is broken: they see the same and decide the same. */
function thisSideGoes(view: DowningView, reason: string): DowningDecision {
  const mine = view.members.filter((m) => m.standing === 'reachable' || m.standing === 'cut-off');
  return { down: keysOf(mine), reason };
}

function keysOf(members: readonly DowningMember[]): string[] {
  return members.map(({ member }) => nodeKey(member.node));
}

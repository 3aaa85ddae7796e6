// When the members fall apart: how long the picture has been stable, whether this node may trust its
// own part in it, and what the downing strategy says.
import type { DowningDecision, DowningStrategy } from './Downing.ts';
import { type FailureDetectorSettings, noticedAfterMs } from './FailureDetector.ts';
import { byAge, type NodeId, nodeKey } from './Member.ts';
import { liveMembers, type MembershipState } from './Membership.ts';
import { downingView } from './MembershipLogic.ts';
import type { Assessment } from './Reachability.ts';

/** A picture that never settles is acted upon this long after it could have been stable. */
const MAX_UNSTABLE_MS = 20_000;

export interface SplitSettings {
  readonly downing: DowningStrategy;
  readonly detector: FailureDetectorSettings;
  readonly watchedPeers: number;
}

const NOBODY: DowningDecision = { down: [], reason: '' };

export class SplitWatch {
  private readonly self: NodeId;
  private readonly downing: DowningStrategy;
  private readonly detector: FailureDetectorSettings;
  private readonly watchedPeers: number;
  private signature = '';
  private stableSince = 0;
  private unstableSince = 0;
  /**
   * Null, or after a pause long enough to have been removed during it: who has confirmed since then
   * that this node is still a member. Until they are a majority it decides nothing for others.
   */
  private confirmedBy: Set<string> | null = null;

  constructor(self: NodeId, settings: SplitSettings) {
    this.self = self;
    this.downing = settings.downing;
    this.detector = settings.detector;
    this.watchedPeers = settings.watchedPeers;
  }

  /** The picture may have changed. */
  see({ signature }: Assessment, now: number): void {
    if (signature === this.signature) return;
    if (this.signature === '') this.unstableSince = now;
    this.signature = signature;
    this.stableSince = now;
  }

  /** This very process stood still: what it sees has to be stable anew. */
  stoodStill(gapMs: number, now: number): void {
    this.stableSince = now;
    if (gapMs > this.detector.acceptablePauseMs + this.downing.stableAfterMs) {
      this.confirmedBy = new Set([nodeKey(this.self)]);
    }
  }

  /** `by` has treated this node as a member just now. */
  confirmed(by: NodeId): void {
    this.confirmedBy?.add(nodeKey(by));
  }

  /** A majority has to confirm, at exactly half with the oldest among them. */
  isUnsure(state: MembershipState): boolean {
    if (this.confirmedBy === null) return false;
    const members = liveMembers(state).sort(byAge);
    const confirming = members.filter((m) => this.confirmedBy!.has(nodeKey(m.node)));
    const missing = members.length - 2 * confirming.length;
    if (missing > 0 || (missing === 0 && confirming[0] !== members[0])) return true;
    this.confirmedBy = null;
    return false;
  }

  /**
   * Whom to give up now. Silence is only judged with `mayJudgeSilence`: by a tick, which knows
   * whether this process stood still.
   */
  decide(
    state: MembershipState,
    assessment: Assessment,
    mayJudgeSilence: boolean,
    now: number,
  ): DowningDecision {
    if (assessment.signature === '') return NOBODY;
    const stableAfterMs = this.stableAfterMs(state);
    const isStable =
      mayJudgeSilence &&
      (now - this.stableSince >= stableAfterMs ||
        now - this.unstableSince >= stableAfterMs + MAX_UNSTABLE_MS);
    if (!isStable && ![...assessment.standing.values()].includes('refused')) return NOBODY;
    const view = downingView(state, assessment, isStable, this.isUnsure(state));
    const decision = this.downing.decide(view);
    const self = nodeKey(this.self);
    // Others say that this node is silent: the side that the strategy judges is theirs. What it says
    // of this node holds, but this node does not carry out what it says of them.
    const isOfThatSide = view.members.some(
      ({ member, standing }) => nodeKey(member.node) === self && standing === 'reachable',
    );
    return isOfThatSide || decision.down.includes(self) ? decision : NOBODY;
  }

  /**
   * Where nobody watches everybody, those behind the first silent ones are found silent later: the
   * picture is not stable before there has been time for that.
   */
  private stableAfterMs(state: MembershipState): number {
    const { stableAfterMs } = this.downing;
    const others = liveMembers(state).length - 1;
    return others <= this.watchedPeers
      ? stableAfterMs
      : stableAfterMs + noticedAfterMs(this.detector);
  }

  /** Whether this node will have to go unless the unreachable members come back. */
  isLosing(state: MembershipState, assessment: Assessment): boolean {
    if (assessment.signature === '') return false;
    const view = downingView(state, assessment, true, this.isUnsure(state));
    return this.downing.decide(view).down.includes(nodeKey(this.self));
  }
}

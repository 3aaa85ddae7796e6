// Courtesy among the processes that write to one file. SQLite's lock goes to whoever asks at the
// right moment, and a busy writer asks again at once: the others, who try every few milliseconds,
// could miss it for long. So who writes without a break, while others write too, takes a short one.

/** Milliseconds of writing after which a break is due. */
const TURN_MS = 5;
/** How long others count as writing after their last commit, in milliseconds. */
const COMPANY_MS = 50;
/** Longer than the others' pauses between two tries, before jitter. */
const BREAK_MS = 2;

export class FairTurns {
  private turnBeganAt = 0;
  private lastCommitAt = 0;
  private companyUntil = 0;
  private dataVersion: number | null = null;

  /** After each commit of ours. `dataVersion` is the pragma's: it changes when others commit. */
  committed(now: number, dataVersion: number): void {
    if (this.dataVersion !== null && this.dataVersion !== dataVersion) {
      this.companyUntil = now + COMPANY_MS;
    }
    this.dataVersion = dataVersion;
    if (now - this.lastCommitAt > BREAK_MS) this.turnBeganAt = now;
    this.lastCommitAt = now;
  }

  /** The break to take before the next transaction, in milliseconds; 0 for none. */
  breakMs(now: number): number {
    if (now > this.companyUntil || now - this.turnBeganAt < TURN_MS) return 0;
    this.turnBeganAt = now;
    return BREAK_MS * (0.5 + Math.random());
  }
}

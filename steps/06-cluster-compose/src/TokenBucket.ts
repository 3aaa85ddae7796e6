// A rate limit: so many at once, so many a second after that.

export class TokenBucket {
  private readonly perSecond: number;
  private readonly burst: number;
  private tokens: number;
  private filledAt = performance.now();

  constructor(perSecond: number, burst: number) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.tokens = burst;
  }

  /** False: too many, nothing taken. */
  take(): boolean {
    const now = performance.now();
    const grown = this.tokens + ((now - this.filledAt) / 1000) * this.perSecond;
    this.tokens = Math.min(this.burst, grown);
    this.filledAt = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}

// Hops that wait to be sent, up to a bound; what comes on top of it is counted and left out.

/** Hops in one batch. */
export const maxBatchHops = 1000;
/** Characters in one batch: far below what a frame may have, whatever the encoding makes of them. */
export const maxBatchChars = 128 * 1024;

export class HopBatch {
  private hops: string[] = [];
  private chars = 0;
  private lost = 0;

  get isEmpty(): boolean {
    return this.hops.length === 0 && this.lost === 0;
  }

  add(hop: string): void {
    if (this.hops.length >= maxBatchHops || this.chars + hop.length > maxBatchChars) {
      this.lost++;
      return;
    }
    this.hops.push(hop);
    this.chars += hop.length;
  }

  /** All of it; the batch is empty then. */
  take(): { readonly hops: readonly string[]; readonly lost: number } {
    const { hops, lost } = this;
    this.hops = [];
    this.chars = 0;
    this.lost = 0;
    return { hops, lost };
  }
}

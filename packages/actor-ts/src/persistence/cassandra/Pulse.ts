// Whether Cassandra answers this process, asked over and over: a cut connection says nothing by itself,
// and what was written into it may wait for minutes.
import { setTimeout as delay } from 'node:timers/promises';

const EVERY_MS = 500;
/** Questions without an answer after which there is none: one may have met this process standing still. */
const MISSED = 2;

export class Pulse {
  private readonly ask: () => Promise<unknown>;
  private readonly changed: (isAnswering: boolean) => void;
  private missed = 0;
  private readonly ended = new AbortController();

  /**
   * @param ask a small question that fails when it is not answered in time
   * @param changed told when it begins, or ceases, to answer
   */
  constructor(ask: () => Promise<unknown>, changed: (isAnswering: boolean) => void) {
    this.ask = ask;
    this.changed = changed;
    void this.beat();
  }

  get isAnswering(): boolean {
    return this.missed < MISSED;
  }

  end(): void {
    this.ended.abort();
  }

  private async beat(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      const before = this.isAnswering;
      this.missed = await this.ask().then(
        () => 0,
        () => this.missed + 1,
      );
      if (signal.aborted) return;
      if (this.isAnswering !== before) this.changed(this.isAnswering);
      // What was missed is asked again at once, as long as that may tell something new.
      if (this.missed === 0 || !this.isAnswering) await pause(EVERY_MS, signal);
    }
  }
}

/** Ends early when `signal` says so; keeps no finished program alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal, ref: false });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

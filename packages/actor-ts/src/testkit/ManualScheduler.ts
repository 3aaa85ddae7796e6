// Time that only moves when a test says so.
import type { Cancellable, Scheduler } from '../actor/Scheduler.ts';

interface Entry {
  at: number;
  readonly order: number;
  readonly intervalMs: number | null;
  readonly fn: () => void;
}

export class ManualScheduler implements Scheduler {
  private time = 0;
  private order = 0;
  private readonly entries = new Set<Entry>();

  now(): number {
    return this.time;
  }

  schedule(delayMs: number, fn: () => void): Cancellable {
    return this.add(delayMs, null, fn);
  }

  scheduleRepeatedly(delayMs: number, intervalMs: number, fn: () => void): Cancellable {
    return this.add(delayMs, intervalMs, fn);
  }

  /**
   * Moves time by `ms` and runs what falls due, in order of time. After each timer, and at the end,
   * the event loop turns, so that actors handle what the timer sent before time goes on.
   */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const next = this.earliest();
      if (next === undefined || next.at > end) break;
      this.time = next.at;
      if (next.intervalMs === null) this.entries.delete(next);
      else next.at += next.intervalMs;
      next.fn();
      await settle();
    }
    this.time = end;
  }

  private earliest(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.entries) {
      if (
        first === undefined ||
        entry.at < first.at ||
        (entry.at === first.at && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }

  private add(delayMs: number, intervalMs: number | null, fn: () => void): Cancellable {
    const entry = { at: this.time + delayMs, order: this.order++, intervalMs, fn };
    this.entries.add(entry);
    return { cancel: () => this.entries.delete(entry) };
  }
}

/** Two turns of the event loop: one for what is queued, one for what that queues. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

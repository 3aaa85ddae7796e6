// The event loop's own clock and timers.
import type { Cancellable, Scheduler } from './Scheduler.ts';
import { TimerQueue } from './TimerQueue.ts';

export class SystemScheduler implements Scheduler {
  /** By their delays. */
  private readonly queues = new Map<number, TimerQueue>();

  now(): number {
    return performance.now();
  }

  schedule(delayMs: number, fn: () => void): Cancellable {
    const wholeMs = Math.max(1, Math.ceil(delayMs)); // as Node's own are
    return TimerQueue.of(this.queues, wholeMs).add(performance.now(), fn);
  }

  scheduleRepeatedly(delayMs: number, intervalMs: number, fn: () => void): Cancellable {
    let timer = setTimeout(() => {
      timer = setInterval(fn, intervalMs);
      fn();
    }, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }
}

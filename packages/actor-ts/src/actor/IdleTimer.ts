// Notices that an actor has received nothing for a while. The timer is not moved with every
// message; when it fires, it looks how long is left.
import type { Cancellable, Scheduler } from './Scheduler.ts';

export class IdleTimer {
  private readonly scheduler: Scheduler;
  private readonly timeoutMs: number;
  private readonly onIdle: () => void;
  private since: number;
  private timer: Cancellable;

  constructor(scheduler: Scheduler, timeoutMs: number, onIdle: () => void) {
    this.scheduler = scheduler;
    this.timeoutMs = timeoutMs;
    this.onIdle = onIdle;
    this.since = scheduler.now();
    this.timer = scheduler.schedule(timeoutMs, this.check);
  }

  /** Something was received. */
  touch(): void {
    this.since = this.scheduler.now();
  }

  cancel(): void {
    this.timer.cancel();
  }

  private readonly check = (): void => {
    const leftMs = this.since + this.timeoutMs - this.scheduler.now();
    if (leftMs <= 0) {
      this.touch();
      this.onIdle();
    }
    this.timer = this.scheduler.schedule(leftMs > 0 ? leftMs : this.timeoutMs, this.check);
  };
}

// Counts what could not be delivered, so that the log says it once per peer and reason and second,
// with a number, instead of once per message.
import type { Logger } from '../actor/Logger.ts';
import type { Cancellable, Scheduler } from '../actor/Scheduler.ts';

const SAY_AFTER_MS = 1000;

export class Losses {
  /** Messages since the start. */
  total = 0;
  private readonly log: Logger;
  private readonly scheduler: Scheduler;
  private readonly counts = new Map<string, { peer: string; reason: string; messages: number }>();
  private timer: Cancellable | null = null;

  constructor(log: Logger, scheduler: Scheduler) {
    this.log = log;
    this.scheduler = scheduler;
  }

  add(peer: string, reason: string, messages: number): void {
    this.total += messages;
    const key = `${peer} ${reason}`;
    const count = this.counts.get(key);
    if (count === undefined) this.counts.set(key, { peer, reason, messages });
    else count.messages += messages;
    this.timer ??= this.scheduler.schedule(SAY_AFTER_MS, () => this.say());
  }

  /** Says what has been counted since the last time. */
  say(): void {
    this.timer?.cancel();
    this.timer = null;
    for (const fields of this.counts.values()) {
      const { messages, peer, reason } = fields;
      this.log.warn(fields, `${messages} messages for ${peer} went to dead letters: ${reason}`);
    }
    this.counts.clear();
  }
}

// Warnings about others who try again and again: each is said at once, and then, while it goes on,
// once in ten seconds with the number of times.
import type { Logger } from '../actor/Logger.ts';

const REPEAT_AFTER_MS = 10_000;
/** Whoever invents new names must not fill the memory; beyond this everything is said each time. */
const MAX_KEYS = 256;

export class Complaints {
  private readonly log: Logger;
  private readonly now: () => number;
  private readonly said = new Map<string, { at: number; unsaid: number }>();

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.log = log;
    this.now = now;
  }

  get remembered(): number {
    return this.said.size;
  }

  /** Warnings with the same `about` are the same complaint. */
  warn(about: string, fields: object, message: string): void {
    const now = this.now();
    const last = this.said.get(about);
    if (last !== undefined && now - last.at < REPEAT_AFTER_MS) {
      last.unsaid++;
      return;
    }
    const times = last === undefined ? 0 : last.unsaid;
    this.log.warn(fields, times === 0 ? message : `${message} (and ${times} times before)`);
    this.said.delete(about);
    if (this.said.size >= MAX_KEYS) this.forgetOld(now);
    if (this.said.size < MAX_KEYS) this.said.set(about, { at: now, unsaid: 0 });
  }

  private forgetOld(now: number): void {
    for (const [about, { at }] of this.said) {
      if (now - at >= REPEAT_AFTER_MS) this.said.delete(about);
    }
  }
}

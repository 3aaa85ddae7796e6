// Messages that an actor sends itself later. A timer belongs to the instance that started it: a
// restart or stop cancels it, and a cancelled timer's message never arrives, not even one that was
// already in the mailbox.
import { OptionsError } from '../errors.ts';
import type { ActorCell } from './ActorCell.ts';
import { AutoReceived } from './messages.ts';
import type { Cancellable } from './Scheduler.ts';

/** What lies in the mailbox when a timer has fired. */
export class TimerFired extends AutoReceived {
  readonly timer: Timer;

  constructor(timer: Timer) {
    super();
    this.timer = timer;
  }
}

interface Timer {
  readonly key: unknown;
  readonly message: unknown;
  readonly repeats: boolean;
  readonly cancellable: Cancellable;
}

export class Timers {
  private readonly cell: ActorCell;
  private readonly active = new Map<unknown, Timer>();

  constructor(cell: ActorCell) {
    this.cell = cell;
  }

  /** Tells the actor `message` in `delayMs` milliseconds. A timer with the same key is replaced. */
  startSingleTimer(key: unknown, message: unknown, delayMs: number): void {
    this.start(key, message, delayMs, false);
  }

  /** Tells the actor `message` every `delayMs` milliseconds, until cancelled. */
  startTimerWithFixedDelay(key: unknown, message: unknown, delayMs: number): void {
    this.start(key, message, delayMs, true);
  }

  cancel(key: unknown): void {
    this.active.get(key)?.cancellable.cancel();
    this.active.delete(key);
  }

  isTimerActive(key: unknown): boolean {
    return this.active.has(key);
  }

  cancelAll(): void {
    for (const key of [...this.active.keys()]) this.cancel(key);
  }

  /** @internal The message of a fired timer, or undefined when it was cancelled or replaced meanwhile. */
  take({ timer }: TimerFired): { message: unknown } | undefined {
    if (this.active.get(timer.key) !== timer) return undefined;
    if (!timer.repeats) this.active.delete(timer.key);
    return { message: timer.message };
  }

  private start(key: unknown, message: unknown, delayMs: number, repeats: boolean): void {
    if (typeof delayMs !== 'number' || !(delayMs >= 0)) {
      throw new OptionsError(`a timer's delay takes milliseconds from 0, got ${delayMs}`);
    }
    this.cancel(key);
    const { scheduler } = this.cell.system;
    const fire = () => this.cell.enqueue(new TimerFired(timer), null);
    const cancellable = repeats
      ? scheduler.scheduleRepeatedly(delayMs, delayMs, fire)
      : scheduler.schedule(delayMs, fire);
    const timer: Timer = { key, message, repeats, cancellable };
    this.active.set(key, timer);
  }
}

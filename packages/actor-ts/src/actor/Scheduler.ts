// Time for the runtime and for actors; tests pass a ManualScheduler instead.

export interface Cancellable {
  cancel(): void;
}

export interface Scheduler {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number;
  /** Runs `fn` once, `delayMs` from now. */
  schedule(delayMs: number, fn: () => void): Cancellable;
  /** Runs `fn` `delayMs` from now and then every `intervalMs`. */
  scheduleRepeatedly(delayMs: number, intervalMs: number, fn: () => void): Cancellable;
}

// The parent's decision about a failed child, as a function of strategy, child and error.
import type { ActorCell } from './ActorCell.ts';
import { Directive, defaultStrategy, type SupervisorStrategy } from './Supervision.ts';

/** Counts a child's restarts within its parent's window. */
export class RestartBudget {
  private used = 0;
  private since = 0;

  take(maxRetries: number, withinMs: number, now: number): boolean {
    if (this.used === 0 || now - this.since > withinMs) {
      this.used = 0;
      this.since = now;
    }
    this.used++;
    return this.used <= maxRetries;
  }
}

export function decide(
  strategy: SupervisorStrategy = defaultStrategy,
  child: ActorCell,
  siblings: Iterable<ActorCell>,
  reason: Error,
): { directive: Directive; targets: readonly ActorCell[] } {
  const targets = strategy.scope === 'all' ? [...siblings] : [child];
  const directive = strategy.decider(reason);
  if (directive !== Directive.Restart) return { directive, targets };
  const now = child.system.scheduler.now();
  const allowed = child.restarts.take(strategy.maxRetries, strategy.withinMs, now);
  return { directive: allowed ? directive : Directive.Stop, targets };
}

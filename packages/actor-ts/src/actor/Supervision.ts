// What a parent does when a child fails. The parent decides by the error, and a child that fails
// too often is stopped.
import { ActorInitializationError, ActorKilledError, DeathPactError } from '../errors.ts';
import { checkOptions, isDurationMs, isFunction, isInteger } from '../options.ts';

export const Directive = {
  /** Go on with the next message and the same state. */
  Resume: 'resume',
  /** Go on with the next message and a new instance. */
  Restart: 'restart',
  /** Stop the actor for good. */
  Stop: 'stop',
  /** Let the parent fail with the same error, so that its own parent decides. */
  Escalate: 'escalate',
} as const;
export type Directive = (typeof Directive)[keyof typeof Directive];

export type Decider = (reason: Error) => Directive;

type ErrorClass = abstract new (...args: never[]) => Error;

/** An actor that could not start, was killed, or ignored a death is stopped; any other is restarted. */
export const defaultDecider: Decider = (reason) =>
  reason instanceof ActorInitializationError ||
  reason instanceof ActorKilledError ||
  reason instanceof DeathPactError
    ? Directive.Stop
    : Directive.Restart;

/**
 * A decider from a table of error classes, first match first; `otherwise` decides the rest.
 * `decideBy([[TypeError, Directive.Stop]])`
 */
export function decideBy(
  table: readonly (readonly [ErrorClass, Directive])[],
  otherwise: Decider | Directive = defaultDecider,
): Decider {
  return (reason) => {
    for (const [type, directive] of table) if (reason instanceof type) return directive;
    return typeof otherwise === 'function' ? otherwise(reason) : otherwise;
  };
}

export interface StrategyOptions {
  /** Restarts allowed within `withinMs`; the next failure stops the child. Default 10. */
  maxRetries?: number;
  /** Milliseconds; default 60,000. */
  withinMs?: number;
  decider?: Decider;
}

export abstract class SupervisorStrategy {
  /** Whether a decision is carried out on the failed child alone or on all children. */
  abstract readonly scope: 'one' | 'all';
  readonly decider: Decider;
  readonly maxRetries: number;
  readonly withinMs: number;

  constructor(options: StrategyOptions = {}) {
    checkOptions(new.target.name, options, {
      maxRetries: isInteger(0),
      withinMs: isDurationMs(),
      decider: isFunction,
    });
    this.decider = options.decider ?? defaultDecider;
    this.maxRetries = options.maxRetries ?? 10;
    this.withinMs = options.withinMs ?? 60_000;
  }
}

/** Only the failed child is restarted, resumed or stopped. */
export class OneForOneStrategy extends SupervisorStrategy {
  readonly scope = 'one';
}

/** All children share the fate of the failed one: for children that cannot do without each other. */
export class AllForOneStrategy extends SupervisorStrategy {
  readonly scope = 'all';
}

export const defaultStrategy: SupervisorStrategy = new OneForOneStrategy();

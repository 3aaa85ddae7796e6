// Every error the runtime throws. One hierarchy, each with a stable `code` (listed in docs/errors.md).

/** Base of all runtime errors: `code` is stable across releases, `cause` keeps what led here. */
export abstract class ActorTsError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option has a value it does not take. The message names the field, what it got and what it takes. */
export class OptionsError extends ActorTsError {
  readonly code = 'ERR_OPTIONS';
}

/** No reply came within the time given to `ask`. */
export class AskTimeoutError extends ActorTsError {
  readonly code = 'ERR_ASK_TIMEOUT';
}

/** The actor was told to fail with `Kill` (or `ref.kill()`). */
export class ActorKilledError extends ActorTsError {
  readonly code = 'ERR_ACTOR_KILLED';
}

/** The constructor or `preStart` of an actor threw. */
export class ActorInitializationError extends ActorTsError {
  readonly code = 'ERR_ACTOR_INITIALIZATION';
}

/** A watched actor stopped and the watcher did not handle its `Terminated`. */
export class DeathPactError extends ActorTsError {
  readonly code = 'ERR_DEATH_PACT';
}

/** More messages were stashed than the stash holds. */
export class StashOverflowError extends ActorTsError {
  readonly code = 'ERR_STASH_OVERFLOW';
}

/** A name that is taken, or that an actor cannot have. */
export class InvalidActorNameError extends ActorTsError {
  readonly code = 'ERR_ACTOR_NAME';
}

/** Something was asked of an actor, context or system at a time when it cannot be had. */
export class ActorStateError extends ActorTsError {
  readonly code = 'ERR_ACTOR_STATE';
}

/** The journal could not do what was asked, or its outcome is unknown. */
export class JournalError extends ActorTsError {
  readonly code: string = 'ERR_JOURNAL';
}

/** Another writer owns the stream: its head was not where this writer expected it. Nothing was written. */
export class JournalConcurrencyError extends JournalError {
  override readonly code = 'ERR_JOURNAL_CONCURRENCY';
}

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

/**
 * Another writer owns the stream: its head was not where this writer expected it. Nothing was
 * written. Read the stream again before you decide anew.
 */
export class JournalConcurrencyError extends JournalError {
  override readonly code = 'ERR_JOURNAL_CONCURRENCY';
  readonly persistenceId: string;
  /** Where the writer expected the head. */
  readonly expected: number;
  /** Where the head was; null when the store only said that it was elsewhere. */
  readonly actual: number | null;

  constructor(
    persistenceId: string,
    expected: number,
    actual: number | null,
    options?: { cause?: unknown },
  ) {
    super(
      `another writer appended to '${persistenceId}': its head is ${actual ?? 'elsewhere'}, ` +
        `expected ${expected}; nothing was written`,
      options,
    );
    this.persistenceId = persistenceId;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A write may or may not be in the journal: read the stream again before you go on. */
export class JournalUnknownError extends JournalError {
  override readonly code = 'ERR_JOURNAL_UNKNOWN';
}

/** What is stored cannot be read: damaged text, a gap, or a file that is no journal. */
export class JournalCorruptError extends JournalError {
  override readonly code = 'ERR_JOURNAL_CORRUPT';
}

/** An event or a state holds something that the stored text cannot keep. The message says where. */
export class JournalEncodingError extends JournalError {
  override readonly code = 'ERR_JOURNAL_ENCODING';
}

/** The journal or snapshot store has been closed. */
export class JournalClosedError extends JournalError {
  override readonly code = 'ERR_JOURNAL_CLOSED';
}

/** A frame is larger than `maxFrameBytes`, on the way out or in. */
export class FrameTooLargeError extends ActorTsError {
  readonly code = 'ERR_FRAME_TOO_LARGE';
}

/** A message holds something that cannot travel: a function, a symbol, a cycle, too deep a nesting. */
export class EncodeError extends ActorTsError {
  readonly code = 'ERR_ENCODE';
}

/** Bytes that arrived are no message of this protocol. */
export class DecodeError extends ActorTsError {
  readonly code = 'ERR_DECODE';
}

/** Two nodes did not agree to talk. `reason` is one of the transport's reject reasons. */
export class HandshakeError extends ActorTsError {
  readonly code = 'ERR_HANDSHAKE';
  readonly reason: string;

  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

/** The address to listen on cannot be had. */
export class TransportBindError extends ActorTsError {
  readonly code = 'ERR_TRANSPORT_BIND';
}

/** The management endpoints cannot have the address to listen on. */
export class ManagementBindError extends ActorTsError {
  readonly code = 'ERR_MANAGEMENT_BIND';
}

/** The node did not get into a cluster. */
export class ClusterJoinError extends ActorTsError {
  readonly code = 'ERR_CLUSTER_JOIN';
}

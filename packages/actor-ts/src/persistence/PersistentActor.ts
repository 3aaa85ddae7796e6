// An actor whose state is what its events make of it: commands persist events, events change state,
// and after a failure, a move or a restart the events are replayed.
//
// One command is handled to its end before the next: `onReceive` returns a promise while events are
// being written, and the cell holds the mailbox until it settles. A write that failed makes this
// instance unusable for good, because the journal may hold more, or other, events than it knows.
import { Actor } from '../actor/Actor.ts';
import type { ActorCell } from '../actor/ActorCell.ts';
import type { Tracer } from '../actor/Trace.ts';
import { ActorStateError, JournalError } from '../errors.ts';
import { Housekeeping } from './Housekeeping.ts';
import type { Journal } from './Journal.ts';
import { PersistenceExtensionId } from './PersistenceExtension.ts';
import { notApplied, type Recovered, recover } from './recovery.ts';
import { noSnapshots, type SnapshotPolicy } from './SnapshotPolicy.ts';
import { checkSequenceNr } from './validate.ts';

type Callback<Event> = (event: Event) => void | Promise<void>;

/** An event on its way into the journal. */
interface Write<Event> {
  readonly event: Event;
  readonly callback: Callback<Event> | undefined;
}

type Phase =
  /** Before the end of recovery. */
  | 'recovering'
  /** Between two commands. */
  | 'idle'
  /** In `onCommand`, in a callback or in `onRecoveryComplete`: the times to persist. */
  | 'handling'
  /** Events are on their way. */
  | 'writing';

export abstract class PersistentActor<Cmd = any, Event = any, State = any> extends Actor<Cmd> {
  /** Names the actor's stream of events. One actor at a time may write to it. */
  abstract readonly persistenceId: string;

  #phase: Phase = 'recovering';
  #current: { state: State; sequenceNr: number } | null = null;
  #journal: Journal | null = null;
  #housekeeping: Housekeeping | null = null;
  #policy: SnapshotPolicy = noSnapshots;
  #writes: Write<Event>[] = [];
  /** Those that are being handled; more than one when the actor has taken more. */
  #commands: unknown[] = [];
  /** Why this instance may never handle a command again. */
  #broken: Error | null = null;

  /** The state before the first event. */
  abstract initialState(): State;

  /** The state that `event` leads to. Pure: it runs again, on other days, for the same events. */
  abstract onEvent(state: State, event: Event): State;

  /** Handles one command: looks at `state`, persists what follows from it, answers. */
  abstract onCommand(state: State, command: Cmd): void | Promise<void>;

  /**
   * Whether `event`, as event `sequenceNr` of the journal, is one that `onEvent` knows. What is
   * stored may have been damaged, or come from another release: false ends the recovery with
   * `ERR_JOURNAL_CORRUPT`. Default: every event is.
   */
  protected isEvent(_event: unknown, _sequenceNr: number): boolean {
    return true;
  }

  /**
   * The same for the state that a snapshot after event `sequenceNr` holds. One that is refused is
   * skipped, with a line in the log, and an older one or the events take its place.
   */
  protected isState(_state: unknown, _sequenceNr: number): boolean {
    return true;
  }

  /** Runs after recovery and before the first command. It may persist. */
  protected onRecoveryComplete(): void | Promise<void> {}

  /** Runs when recovery failed; then the supervisor hears of the error. */
  protected onRecoveryFailure(_error: Error): void | Promise<void> {}

  /** When to save snapshots unasked, for example `everyNEvents(100)`. Default: never. */
  protected snapshotPolicy(): SnapshotPolicy {
    return noSnapshots;
  }

  /** Tags that the journal keeps with `event`. */
  protected tagsFor(_event: Event): readonly string[] {
    return [];
  }

  /**
   * Writes `event`. Once it is durable and applied, `callback` runs; before that nothing of it has
   * happened. Everything that one command persists is written together, all or nothing.
   * @throws ActorStateError outside `onCommand`, callbacks and `onRecoveryComplete`
   */
  protected persist(event: Event, callback?: Callback<Event>): void {
    this.#checkMayPersist();
    this.#writes.push({ event, callback });
  }

  /** As `persist`; `callback` runs for each event, when that one and all before it are applied. */
  protected persistAll(events: readonly Event[], callback?: Callback<Event>): void {
    this.#checkMayPersist();
    for (const event of events) this.#writes.push({ event, callback });
  }

  /**
   * Takes commands that wait in the mailbox, to be handled together with the current one: what all of them
   * persist is one write, and if that fails, all have failed. From the front, as long as they are wanted, at
   * most `limit`. `this.sender` stays the current command's.
   * @throws ActorStateError when the actor may not persist either
   */
  protected takeWaiting<C extends Cmd>(isWanted: (cmd: Cmd) => cmd is C, limit: number): C[] {
    this.#checkMayPersist();
    const isWantedToo = (message: unknown) => isWanted(message as Cmd);
    const taken = (this.context as ActorCell).takeWaiting(isWantedToo, limit) as C[];
    this.#commands.push(...taken);
    return taken;
  }

  /** Saves the state as it is after the current command, beside further work. Failure is logged. */
  protected saveSnapshot(): void {
    this.#afterRecovery().askForSnapshot();
    if (this.#phase === 'idle') this.#housekeeping!.start();
  }

  /**
   * Deletes the events up to `toSeq` after the current command, and after the snapshot it may have
   * asked for, provided that a snapshot holds them. Failure is logged.
   * @throws JournalError when `toSeq` is not between 1 and `lastSequenceNr`
   */
  protected deleteHistory(toSeq: number): void {
    const housekeeping = this.#afterRecovery();
    checkSequenceNr('toSeq', toSeq, 1);
    if (toSeq > this.lastSequenceNr) {
      throw new JournalError(`\`toSeq\` is ${toSeq}, the last event is ${this.lastSequenceNr}`);
    }
    housekeeping.askForDeletion(toSeq);
    if (this.#phase === 'idle') housekeeping.start();
  }

  /** What all durable events have led to. @throws ActorStateError before recovery */
  protected get state(): State {
    if (this.#current === null) throw new ActorStateError(`${this.self} has no state yet`);
    return this.#current.state;
  }

  /** The number of the last event applied, 0 for none. */
  protected get lastSequenceNr(): number {
    return this.#current?.sequenceNr ?? 0;
  }

  /** Whether events are being replayed. */
  protected get recovering(): boolean {
    return this.#phase === 'recovering';
  }

  /** Recovers. Who overrides it calls `super.preStart()`. */
  override async preStart(): Promise<void> {
    const { snapshotSeq, ...current } = await this.#recover();
    this.#current = current;
    this.#policy = this.snapshotPolicy();
    this.#housekeeping = new Housekeeping(
      this.persistenceId,
      this.#journal!,
      this.system.extension(PersistenceExtensionId).snapshotStore,
      this.log,
      snapshotSeq,
      () => this.#current!,
    );
    await this.#handle(() => this.onRecoveryComplete());
  }

  /** Waits for a snapshot that is being saved. Who overrides it may call `super.postStop()`. */
  override postStop(): void | Promise<void> {
    return this.#housekeeping?.underWay ?? undefined;
  }

  override onReceive(command: Cmd): void | Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (this.#phase !== 'idle') throw this.#notRecovered();
    this.#commands = [command];
    return this.#handle(() => this.onCommand(this.#current!.state, command));
  }

  /** Runs `handler` and sees to what it persisted. Returns a promise only if there is one to wait for. */
  #handle(handler: () => void | Promise<void>): void | Promise<void> {
    this.#phase = 'handling';
    let result: void | Promise<void>;
    try {
      result = handler();
    } catch (error) {
      this.#end();
      throw error;
    }
    if (isThenable(result) || this.#writes.length > 0) return this.#finish(result);
    this.#end();
    this.#housekeeping!.start();
  }

  async #finish(handled: void | PromiseLike<void>): Promise<void> {
    try {
      await handled;
      let wrote = false;
      // Callbacks may persist again.
      while (this.#writes.length > 0) {
        await this.#write(this.#writes.splice(0));
        wrote = true;
      }
      if (wrote) this.#askForDueSnapshot();
    } finally {
      this.#end();
    }
    this.#housekeeping!.start();
  }

  #end(): void {
    this.#phase = 'idle';
    this.#writes.length = 0;
    this.#commands.length = 0;
  }

  async #write(writes: readonly Write<Event>[]): Promise<void> {
    const current = this.#current!;
    this.#phase = 'writing';
    try {
      const events = writes.map(({ event }) => event);
      const tags = events.map((event) => this.tagsFor(event));
      const expected = current.sequenceNr;
      const head = await this.#journal!.append(this.persistenceId, events, expected, tags);
      if (head !== expected + events.length) throw this.#wrongHead(head);
    } catch (error) {
      throw this.#break(error);
    }
    const { trace } = this.system;
    if (trace !== null)
      for (const command of this.#commands) this.#traceWrite(trace, command, writes.length);
    await this.#applyAll(writes);
  }

  #traceWrite(trace: Tracer, command: unknown, events: number): void {
    trace.hop('persist', command, {
      actor: this.self.path.toString(),
      persistenceId: this.persistenceId,
      sequenceNr: this.#current!.sequenceNr + events,
    });
  }

  /** A failing callback ends the command, but the events are durable: all of them are applied. */
  async #applyAll(writes: readonly Write<Event>[]): Promise<void> {
    const current = this.#current!;
    let failed = false;
    let failure: unknown;
    for (const { event, callback } of writes) {
      try {
        current.state = this.onEvent(current.state, event);
        current.sequenceNr++;
      } catch (error) {
        throw this.#break(notApplied(this.persistenceId, current.sequenceNr + 1, error));
      }
      if (callback === undefined || failed) continue;
      this.#phase = 'handling';
      try {
        const result = callback(event);
        if (isThenable(result)) await result;
      } catch (error) {
        failed = true;
        failure = error;
      }
      this.#phase = 'writing';
    }
    if (failed) throw failure;
  }

  #askForDueSnapshot(): void {
    const housekeeping = this.#housekeeping!;
    if (this.#policy.isDue(this.lastSequenceNr, housekeeping.lastSnapshotSeq)) {
      housekeeping.askForSnapshot();
    }
  }

  async #recover(): Promise<Recovered<State>> {
    const { journal, snapshotStore } = this.system.extension(PersistenceExtensionId);
    this.#journal = journal;
    const { persistenceId } = this;
    const onSnapshotSkipped = (error: JournalError) => {
      this.log.error({ err: error, persistenceId }, 'skipped a snapshot');
    };
    try {
      return await recover<Event, State>(
        {
          persistenceId,
          journal,
          snapshotStore,
          onSnapshotSkipped,
          isEvent: (event, sequenceNr) => this.isEvent(event, sequenceNr),
          isState: (state, sequenceNr) => this.isState(state, sequenceNr),
        },
        () => this.initialState(),
        (state, event) => this.onEvent(state, event),
      );
    } catch (error) {
      const failure = this.#break(error);
      try {
        await this.onRecoveryFailure(failure);
      } catch (hookError) {
        this.log.error({ err: hookError, persistenceId }, 'onRecoveryFailure failed');
      }
      throw failure;
    }
  }

  #break(error: unknown): Error {
    this.#broken =
      error instanceof Error ? error : new JournalError(`persisting failed: ${String(error)}`);
    return this.#broken;
  }

  #checkMayPersist(): void {
    if (this.#broken !== null) throw this.#broken;
    if (this.#phase === 'handling') return;
    const when = {
      recovering: 'during recovery',
      idle: 'between commands',
      writing: 'while events are being written',
    }[this.#phase];
    throw new ActorStateError(
      `${this.self} persisted ${when}: persist in onCommand, in a callback of persist or in ` +
        'onRecoveryComplete; to persist later, tell yourself a command',
    );
  }

  #afterRecovery(): Housekeeping {
    if (this.#broken !== null) throw this.#broken;
    if (this.#housekeeping === null) throw this.#notRecovered();
    return this.#housekeeping;
  }

  #notRecovered(): ActorStateError {
    return new ActorStateError(
      `${this.self} has not recovered; if it overrides preStart, let it await super.preStart()`,
    );
  }

  #wrongHead(head: number): JournalError {
    return new JournalError(
      `the journal says that the head of '${this.persistenceId}' is ${head} after an append to ` +
        `${this.lastSequenceNr}`,
    );
  }
}

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof (value as PromiseLike<void> | null | undefined)?.then === 'function';
}

// The machine around one actor: its mailbox, its life from start to stop, its children and whom it
// watches. Everything here runs on the dispatcher, one cell at a time.
//
// `blocked` says why user messages wait; 0 means they flow. System messages are handled whatever
// it says, except that a restart or stop waits for a pending promise of the actor (BUSY).
import { ActorInitializationError, ActorKilledError, InvalidActorNameError } from '../errors.ts';
import { fromNullable, type Option } from '../option.ts';
import { type Actor, constructActor } from './Actor.ts';
import type { ActorContext, Receive } from './ActorContext.ts';
import type { ActorPath } from './ActorPath.ts';
import type { ActorRef } from './ActorRef.ts';
import type { ActorSystem } from './ActorSystem.ts';
import { DeathNotice, DeathWatch, notifyDeath } from './DeathWatch.ts';
import type { Runnable } from './Dispatcher.ts';
import { IdleTimer } from './IdleTimer.ts';
import { LocalActorRef } from './LocalActorRef.ts';
import type { Logger } from './Logger.ts';
import { Mailbox } from './Mailbox.ts';
import { AutoReceived, Kill, PoisonPill, ReceiveTimeout } from './messages.ts';
import type { Props } from './Props.ts';
import { Stash } from './Stash.ts';
import { decide, RestartBudget } from './supervise.ts';
import type { SystemMessage } from './systemMessages.ts';
import { TimerFired, Timers } from './Timers.ts';

const STARTING = 1;
const BUSY = 2;
const FAILED = 4;
const SUSPENDED = 8;
const STOPPING = 16;
const STOPPED = 32;

/** The queue of who has no system messages, which is nearly always: a queue of its own is not kept. */
const NONE: SystemMessage[] = [];

/** What a child may be called by its parent. `$` begins the names that the runtime gives. */
const CHILD_NAME = /^[^/#\s$][^/#\s]{0,1023}$/;

export class ActorCell implements ActorContext, Runnable {
  readonly system: ActorSystem;
  readonly self: LocalActorRef;
  /** The id that sharding gave this entity; null for all other actors. */
  readonly entityId: string | null;
  currentSender: ActorRef | null = null;
  /** Resolves `whenStopped` of the guardians. */
  onStopped: (() => void) | null = null;
  readonly restarts = new RestartBudget();

  private readonly props: Props;
  private readonly parentCell: ActorCell | null;
  private readonly mailbox = new Mailbox();
  private systemQueue = NONE;
  private actor: Actor | null = null;
  private blocked = STARTING;
  private queued = false;
  /** True from the moment that somebody asks for the stop, before the cell has begun it. */
  private stopRequested = false;
  private currentMessage: unknown;
  private behaviours: Receive[] | null = null;
  private childCells: Map<string, ActorCell> | null = null;
  private anonymousChildren = 0;
  private ownDeathWatch: DeathWatch | null = null;
  private stashBuffer: Stash | null = null;
  private ownTimers: Timers | null = null;
  private ownLog: Logger | null = null;
  private idleTimer: IdleTimer | null = null;
  /** What waits for the pending promise or for children to stop. */
  private onUnblocked: (() => void) | null = null;

  constructor(
    system: ActorSystem,
    parent: ActorCell | null,
    props: Props,
    path: ActorPath,
    entityId: string | null,
  ) {
    this.system = system;
    this.parentCell = parent;
    this.props = props;
    this.entityId = entityId;
    this.self = new LocalActorRef(path, this);
    this.enqueueSystem({ kind: 'start' });
  }

  // ---- mailboxes -------------------------------------------------------------------------------

  enqueue(message: unknown, sender: ActorRef | null): void {
    if (this.blocked >= STOPPING || this.mailbox.size >= this.props.mailboxCapacity) {
      this.system.deadLetter(message, sender, this.self);
      return;
    }
    this.mailbox.push(message, sender);
    if (!this.queued && this.blocked === 0) this.schedule();
  }

  enqueueSystem(message: SystemMessage): void {
    if (this.blocked & STOPPED) {
      if (message.kind === 'watch') notifyDeath(this.self, message.watcher);
      return;
    }
    if (message.kind === 'terminate') this.stopRequested = true;
    if (this.systemQueue === NONE) this.systemQueue = [message];
    else this.systemQueue.push(message);
    if (!this.queued) this.schedule();
  }

  get runnable(): boolean {
    return this.queued;
  }

  run(limit: number): number {
    let handled = 0;
    for (;;) {
      if (this.systemQueue !== NONE) this.handleSystem(this.nextSystem());
      else if (this.blocked !== 0 || this.mailbox.size === 0 || handled === limit) break;
      else {
        handled++;
        const message = this.mailbox.shift();
        this.handleUser(message, this.mailbox.lastSender);
      }
    }
    this.queued = this.blocked === 0 && this.mailbox.size > 0;
    return handled;
  }

  /** @internal Takes messages that wait, from the front, as long as they are wanted. At most `limit`. */
  takeWaiting(isWanted: (message: unknown) => boolean, limit: number): unknown[] {
    const taken: unknown[] = [];
    while (taken.length < limit && this.mailbox.size > 0) {
      const next = this.mailbox.peek();
      if (next instanceof AutoReceived || !isWanted(next)) break;
      taken.push(this.mailbox.shift());
    }
    return taken;
  }

  private nextSystem(): SystemMessage {
    const message = this.systemQueue.shift()!;
    if (this.systemQueue.length === 0) this.systemQueue = NONE;
    return message;
  }

  private schedule(): void {
    this.queued = true;
    this.system.dispatcher.execute(this);
  }

  private scheduleIfNeeded(): void {
    if (!this.queued && this.blocked === 0 && this.mailbox.size > 0) this.schedule();
  }

  // ---- user messages ---------------------------------------------------------------------------

  private handleUser(message: unknown, sender: ActorRef | null): void {
    if (message instanceof AutoReceived) {
      const received = this.autoReceive(message);
      if (received === undefined) return;
      message = received.message;
    }
    this.idleTimer?.touch();
    this.currentMessage = message;
    this.currentSender = sender;
    try {
      const receive = this.behaviours?.at(-1);
      const result = receive === undefined ? this.actor!.onReceive(message) : receive(message);
      if (isThenable(result)) {
        this.pend(result, (error) => this.afterMessage(error));
        return;
      }
    } catch (error) {
      this.fail(toError(error), message);
    }
    this.currentSender = null;
    this.currentMessage = undefined;
  }

  private afterMessage(error: Error | null): void {
    if (error !== null) this.fail(error, this.currentMessage);
    this.currentSender = null;
    this.currentMessage = undefined;
  }

  /** Handles the message, or returns what the actor is to receive in its place. */
  private autoReceive(message: AutoReceived): { message: unknown } | undefined {
    if (message instanceof TimerFired) return this.ownTimers?.take(message);
    if (message instanceof DeathNotice) return this.ownDeathWatch?.take(message);
    if (message instanceof PoisonPill) this.beginStop();
    else if (message instanceof Kill) {
      this.fail(new ActorKilledError(`${this.self} was killed`), message);
    }
    return undefined;
  }

  // ---- system messages -------------------------------------------------------------------------

  private handleSystem(message: SystemMessage): void {
    switch (message.kind) {
      case 'start':
        this.start();
        break;
      case 'watch':
        this.addWatcher(message.watcher);
        break;
      case 'unwatch':
        this.ownDeathWatch?.removeWatcher(message.watcher);
        break;
      case 'death':
        if (this.ownDeathWatch?.isWatching(message.actor)) {
          this.mailbox.push(new DeathNotice(message.actor, message.addressTerminated), null);
        }
        break;
      case 'terminate':
        this.beginStop();
        break;
      case 'suspend':
        this.blocked |= SUSPENDED;
        this.tellChildren({ kind: 'suspend' });
        break;
      case 'resume':
        // Each failure and each suspension is undone by one resume of its own.
        this.blocked &= this.blocked & FAILED ? ~FAILED : ~SUSPENDED;
        this.tellChildren({ kind: 'resume' });
        break;
      case 'restart':
        this.beginRestart(message.reason, message.message);
        break;
      case 'failed':
        this.supervise(message.child, message.reason, message.message);
        break;
      case 'child-stopped':
        this.childCells?.delete(message.child.self.path.name);
        this.unblocked();
        break;
      default:
        message satisfies never;
    }
  }

  private addWatcher(watcher: ActorRef): void {
    if (this.blocked & STOPPED) notifyDeath(this.self, watcher);
    else this.deathWatch.addWatcher(watcher);
  }

  // ---- life ------------------------------------------------------------------------------------

  private start(): void {
    if (this.blocked & STOPPING) return;
    this.initialise(() => this.actor!.preStart());
  }

  /** Makes the instance and runs its first hook; then the mailbox opens. */
  private initialise(firstHook: () => void | Promise<void>): void {
    const factory = () => {
      this.actor = constructActor(this, this.props.factory);
      return firstHook();
    };
    this.runHook(factory, (error) => {
      if (error === null) {
        this.blocked &= ~STARTING;
        return;
      }
      const message = `${this.self} could not start: ${error.message}`;
      this.fail(new ActorInitializationError(message, { cause: error }), undefined);
    });
  }

  private fail(reason: Error, message: unknown): void {
    if (this.blocked & STOPPING) {
      this.log.error({ err: reason }, 'failed while stopping');
      return;
    }
    this.blocked |= FAILED;
    this.tellChildren({ kind: 'suspend' });
    if (this.parentCell === null) {
      this.log.error({ err: reason }, 'a guardian failed');
      this.beginStop();
    } else {
      this.parentCell.enqueueSystem({ kind: 'failed', child: this, reason, message });
    }
  }

  private beginRestart(reason: Error, message: unknown): void {
    if (this.blocked & STOPPING) return;
    if (this.blocked & BUSY) {
      this.onUnblocked = () => this.beginRestart(reason, message);
      return;
    }
    this.blocked = STARTING;
    this.cancelTimers();
    const failed = this.actor;
    this.runHook(
      () => failed?.preRestart(reason, message),
      (error) => {
        if (error !== null) this.log.error({ err: error }, 'preRestart failed');
        this.actor = null;
        if (this.blocked & STOPPING) return;
        this.behaviours = null;
        this.unstashAll();
        this.whenChildrenStopped(
          (child) => child.stopRequested,
          () => {
            this.initialise(() => this.actor!.postRestart(reason));
            this.tellChildren({ kind: 'resume' });
          },
        );
      },
    );
  }

  private beginStop(): void {
    if (this.blocked & STOPPING) return;
    this.blocked |= STOPPING;
    this.cancelTimers();
    this.tellChildren({ kind: 'terminate' });
    const finish = (): void => {
      if (this.blocked & BUSY) {
        this.onUnblocked = finish;
        return;
      }
      this.whenChildrenStopped(
        () => true,
        () => {
          this.runHook(
            () => this.actor?.postStop(),
            (error) => {
              if (error !== null) this.log.error({ err: error }, 'postStop failed');
              this.stopped();
            },
          );
        },
      );
    };
    finish();
  }

  private stopped(): void {
    this.unstashAll();
    while (this.mailbox.size > 0) {
      const message = this.mailbox.shift();
      this.system.deadLetter(message, this.mailbox.lastSender, this.self);
    }
    this.actor = null;
    this.behaviours = null;
    this.blocked = STOPPING | STOPPED;
    this.ownDeathWatch?.end();
    this.ownDeathWatch = null;
    this.parentCell?.enqueueSystem({ kind: 'child-stopped', child: this });
    this.onStopped?.();
  }

  /** Runs `next` once no child that `counts` is left. */
  private whenChildrenStopped(counts: (child: ActorCell) => boolean, next: () => void): void {
    for (const child of this.childCells?.values() ?? []) {
      if (counts(child)) {
        this.onUnblocked = () => this.whenChildrenStopped(counts, next);
        return;
      }
    }
    next();
  }

  private unblocked(): void {
    const next = this.onUnblocked;
    this.onUnblocked = null;
    next?.();
  }

  private runHook(hook: () => unknown, next: (error: Error | null) => void): void {
    let result: unknown;
    try {
      result = hook();
    } catch (error) {
      next(toError(error));
      return;
    }
    if (isThenable(result)) this.pend(result, next);
    else next(null);
  }

  /** Holds the mailbox until `promise` settles. */
  private pend(promise: PromiseLike<unknown>, next: (error: Error | null) => void): void {
    this.blocked |= BUSY;
    const settled = (error: Error | null): void => {
      this.blocked &= ~BUSY;
      next(error);
      this.unblocked();
      this.scheduleIfNeeded();
    };
    promise.then(
      () => settled(null),
      (error) => settled(toError(error)),
    );
  }

  // ---- children --------------------------------------------------------------------------------

  private supervise(child: ActorCell, reason: Error, message: unknown): void {
    if (this.childCells?.get(child.self.path.name) !== child) return;
    const strategy = this.props.supervisorStrategy ?? this.actor?.supervisorStrategy();
    const { directive, targets } = decide(strategy, child, this.childCells.values(), reason);
    const log = directive === 'resume' ? this.log.warn : this.log.error;
    // Loggers write the cause's words, but not what it can be told by.
    const causeCode = (reason.cause as { code?: unknown } | undefined)?.code;
    const fields = { err: reason, causeCode, child: child.self.path.path, directive };
    log.call(this.log, fields, 'a child failed');
    if (directive === 'escalate' && this.parentCell !== null) {
      this.fail(reason, message);
    } else if (directive === 'restart') {
      for (const target of targets) target.enqueueSystem({ kind: 'restart', reason, message });
    } else if (directive === 'resume') {
      child.enqueueSystem({ kind: 'resume' });
    } else {
      for (const target of targets) target.enqueueSystem({ kind: 'terminate' });
    }
  }

  private tellChildren(message: SystemMessage): void {
    for (const child of this.childCells?.values() ?? []) child.enqueueSystem(message);
  }

  childCell(name: string): ActorCell | undefined {
    return this.childCells?.get(name);
  }

  spawn<T>(props: Props<T>, name: string): ActorRef<T> {
    if (typeof name !== 'string' || !CHILD_NAME.test(name)) {
      throw new InvalidActorNameError(
        `an actor cannot be called ${JSON.stringify(name)}: a name has 1 to 1024 characters, ` +
          'without white space, / and #, and does not begin with $',
      );
    }
    return this.spawnChild(props, name, null);
  }

  spawnAnonymous<T>(props: Props<T>): ActorRef<T> {
    return this.spawnChild(props, `$${(this.anonymousChildren++).toString(36)}`, null);
  }

  /** @internal A child that sharding runs for `entityId`. */
  spawnEntity<T>(props: Props<T>, name: string, entityId: string): ActorRef<T> {
    return this.spawnChild(props, name, entityId);
  }

  private spawnChild<T>(props: Props<T>, name: string, entityId: string | null): ActorRef<T> {
    if (this.blocked & STOPPING) {
      throw new InvalidActorNameError(`${this.self} is stopping and cannot spawn '${name}'`);
    }
    this.childCells ??= new Map();
    const known = this.childCells.get(name);
    if (known !== undefined) {
      const state = known.stopRequested ? 'is still stopping' : 'is there already';
      throw new InvalidActorNameError(`${known.self} ${state}; take another name, or watch it`);
    }
    const path = this.self.path.child(name, this.system.nextUid());
    const cell = new ActorCell(this.system, this, props, path, entityId);
    this.childCells.set(name, cell);
    return cell.self;
  }

  // ---- what the actor may ask for (ActorContext) -----------------------------------------------

  get log(): Logger {
    this.ownLog ??= this.system.log.child({ actor: this.self.path.path });
    return this.ownLog;
  }

  get parent(): Option<ActorRef> {
    return fromNullable(this.parentCell?.self);
  }

  get children(): readonly ActorRef[] {
    return [...(this.childCells?.values() ?? [])].map((cell) => cell.self);
  }

  child(name: string): Option<ActorRef> {
    return fromNullable(this.childCells?.get(name)?.self);
  }

  stop(ref: ActorRef): void {
    ref.stop();
  }

  stopSelf(): void {
    this.self.stop();
  }

  watch(ref: ActorRef): void {
    this.deathWatch.watch(ref);
  }

  unwatch(ref: ActorRef): void {
    this.ownDeathWatch?.unwatch(ref);
  }

  private get deathWatch(): DeathWatch {
    this.ownDeathWatch ??= new DeathWatch(this.self);
    return this.ownDeathWatch;
  }

  become(receive: Receive, discardOld = true): void {
    this.behaviours ??= [];
    if (discardOld) this.behaviours.pop();
    this.behaviours.push(receive);
  }

  unbecome(): void {
    this.behaviours?.pop();
  }

  stash(): void {
    this.stashBuffer ??= new Stash();
    this.stashBuffer.add(this.currentMessage, this.currentSender, this.self);
  }

  unstashAll(): void {
    this.stashBuffer?.moveTo(this.mailbox);
  }

  get timers(): Timers {
    this.ownTimers ??= new Timers(this);
    return this.ownTimers;
  }

  setReceiveTimeout(timeoutMs: number | null): void {
    this.idleTimer?.cancel();
    this.idleTimer = null;
    if (timeoutMs === null) return;
    const onIdle = () => this.enqueue(ReceiveTimeout.instance, null);
    this.idleTimer = new IdleTimer(this.system.scheduler, timeoutMs, onIdle);
  }

  private cancelTimers(): void {
    this.ownTimers?.cancelAll();
    this.setReceiveTimeout(null);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`something that is no Error was thrown: ${String(thrown)}`, { cause: thrown });
}

// The container of all actors of one process: two guardians with the tree below them, and what the
// actors share (dispatcher, scheduler, event stream, extensions).
import { ActorStateError } from '../errors.ts';
import { fromNullable, type Option } from '../option.ts';
import { checkOptions, isObject, rule } from '../options.ts';
import { Actor } from './Actor.ts';
import { ActorCell } from './ActorCell.ts';
import { ActorPath } from './ActorPath.ts';
import type { ActorRef } from './ActorRef.ts';
import type { Address } from './Address.ts';
import { DeadLetterRef } from './DeadLetterRef.ts';
import { Dispatcher } from './Dispatcher.ts';
import { EventStream } from './EventStream.ts';
import type { ExtensionId } from './Extension.ts';
import { defaultLogger, type Logger, type LogLevel } from './Logger.ts';
import { AutoReceived, DeadLetter } from './messages.ts';
import { Props } from './Props.ts';
import type { Scheduler } from './Scheduler.ts';
import { SystemScheduler } from './SystemScheduler.ts';
import { Temporaries } from './Temporaries.ts';
import { type TraceOptions, Tracer } from './Trace.ts';

export interface ActorSystemOptions {
  /** Any pino-shaped logger. Default: JSON lines on standard output. */
  log?: Logger;
  /** Level of the default logger: debug, info (default), warn, error or silent. */
  logLevel?: LogLevel;
  scheduler?: Scheduler;
  /** Publishes a `TraceHop` on the event stream for each hop of a message with a correlation id. */
  trace?: boolean | TraceOptions;
}

/** What other modules add to a system; the cluster module declares `cluster` here. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface ActorSystemParts {}
export type ClusterOf = ActorSystemParts extends { cluster: infer C } ? C : never;

/** What remoting tells the system about itself. */
export interface RemoteHook {
  readonly selfAddress: Address;
}

const SYSTEM_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/;
const DEAD_LETTER_LOG_INTERVAL_MS = 5000;

/** Top of a subtree; its children fail by the default strategy. */
class Guardian extends Actor {
  onReceive(message: unknown): void {
    this.unhandled(message);
  }
}

export class ActorSystem {
  readonly name: string;
  readonly log: Logger;
  readonly scheduler: Scheduler;
  readonly eventStream = new EventStream();
  readonly deadLetters: ActorRef;
  /** Null unless the system was created with `trace`. */
  readonly trace: Tracer | null;
  /** Resolves when the system has terminated. */
  readonly whenTerminated: Promise<void>;
  /** @internal */
  readonly dispatcher = new Dispatcher();
  /** @internal */
  readonly temporaries = new Temporaries();
  /** @internal Set by remoting. */
  remote: RemoteHook | null = null;

  private readonly user: ActorCell;
  private readonly internal: ActorCell;
  private readonly extensions = new Map<string, unknown>();
  private readonly terminationTasks: (() => void | Promise<void>)[] = [];
  private clusterPart: ClusterOf | null = null;
  /** The path that was resolved last: regions and mediators are told things many times in a row. */
  private split: { readonly path: string; readonly names: readonly string[] } = {
    path: '',
    names: [],
  };
  private uid = Math.floor(Math.random() * 2 ** 48);
  private terminating = false;
  private deadLettersSeen = 0;
  private deadLettersLogged = { at: Number.NEGATIVE_INFINITY, count: 0 };
  private markTerminated!: () => void;

  private constructor(name: string, options: ActorSystemOptions) {
    this.name = name;
    this.log = options.log ?? defaultLogger(name, options.logLevel ?? 'info');
    this.scheduler = options.scheduler ?? new SystemScheduler();
    const { trace = false } = options;
    this.trace = trace === false ? null : new Tracer(this, trace === true ? {} : trace);
    this.deadLetters = new DeadLetterRef(this, '/deadLetters', 0);
    this.whenTerminated = new Promise((resolve) => {
      this.markTerminated = resolve;
    });
    this.user = this.guardian('user');
    this.internal = this.guardian('system');
  }

  /** @throws OptionsError */
  static create(name: string, options: ActorSystemOptions = {}): ActorSystem {
    const levels = ['debug', 'info', 'warn', 'error', 'silent'];
    checkOptions(
      'ActorSystem.create',
      { name, ...options },
      {
        name: rule('1 to 64 letters, digits, - or _, a letter or digit first', (value) => {
          return typeof value === 'string' && SYSTEM_NAME.test(value);
        }),
        log: isObject,
        logLevel: rule(`one of ${levels.join(', ')}`, (value) => levels.includes(value as string)),
        scheduler: isObject,
        trace: rule('true, false or { idOf }', (value) => /boolean|object/.test(typeof value)),
      },
      ['name'],
    );
    return new ActorSystem(name, options);
  }

  /** Starts an actor below `/user`. @throws InvalidActorNameError */
  spawn<T>(props: Props<T>, name: string): ActorRef<T> {
    return this.user.spawn(props, name);
  }

  spawnAnonymous<T>(props: Props<T>): ActorRef<T> {
    return this.user.spawnAnonymous(props);
  }

  stop(ref: ActorRef): void {
    ref.stop();
  }

  /** Stops all actors, the users' first, then closes what registered itself. Idempotent. */
  terminate(): Promise<void> {
    if (!this.terminating) {
      this.terminating = true;
      void this.runTermination();
    }
    return this.whenTerminated;
  }

  /** Runs `task` when all actors have stopped; the last one registered runs first. */
  registerOnTermination(task: () => void | Promise<void>): void {
    this.terminationTasks.push(task);
  }

  /** The system's instance of an extension, made at the first call. */
  extension<T>(id: ExtensionId<T>): T {
    let instance = this.extensions.get(id.key) as T | undefined;
    if (instance === undefined) {
      instance = id.create(this);
      this.extensions.set(id.key, instance);
    }
    return instance;
  }

  /** The cluster this system has joined. */
  get cluster(): Option<ClusterOf> {
    return fromNullable<ClusterOf>(this.clusterPart);
  }

  /** Messages that found no recipient since the start. */
  get deadLetterCount(): number {
    return this.deadLettersSeen;
  }

  // ---- for the other modules of the runtime ----------------------------------------------------

  /** @internal */
  setCluster(cluster: ClusterOf | null): void {
    this.clusterPart = cluster;
  }

  /** @internal Starts an actor of the runtime below `/system`. */
  spawnSystem<T>(props: Props<T>, name: string): ActorRef<T> {
    return this.internal.spawn(props, name);
  }

  /** @internal The live actor at `path`, or a ref that leads to dead letters. `uid` 0 fits any. */
  resolveLocal(path: string, uid: number): ActorRef {
    const temporary = this.temporaries.find(path, uid);
    if (temporary !== undefined) return temporary;
    if (path !== this.split.path) this.split = { path, names: path.split('/') };
    const { names } = this.split;
    let cell = names[1] === 'user' ? this.user : names[1] === 'system' ? this.internal : undefined;
    for (let i = 2; i < names.length; i++) cell = cell?.childCell(names[i]!);
    if (cell === undefined || (uid !== 0 && cell.self.path.uid !== uid)) {
      return new DeadLetterRef(this, path, uid);
    }
    return cell.self;
  }

  /** @internal Never 0, and not the same again after a restart of the process. */
  nextUid(): number {
    return ++this.uid;
  }

  /** @internal */
  deadLetter(message: unknown, sender: ActorRef | null, recipient: ActorRef): void {
    if (message instanceof AutoReceived) return;
    if (message instanceof DeadLetter) return;
    this.deadLettersSeen++;
    const now = this.scheduler.now();
    if (!this.terminating && now - this.deadLettersLogged.at >= DEAD_LETTER_LOG_INTERVAL_MS) {
      const count = this.deadLettersSeen - this.deadLettersLogged.count;
      this.deadLettersLogged = { at: now, count: this.deadLettersSeen };
      this.log.debug({ recipient: recipient.toString(), count }, 'dead letters since last said');
    }
    this.eventStream.publish(new DeadLetter(message, sender, recipient));
  }

  private guardian(name: string): ActorCell {
    const path = new ActorPath(null, `/${name}`, this.nextUid());
    const props = Props.create(() => new Guardian());
    return new ActorCell(this, null, props, path, null);
  }

  private async runTermination(): Promise<void> {
    await stopGuardian(this.user);
    await stopGuardian(this.internal);
    for (const task of this.terminationTasks.reverse()) {
      try {
        await task();
      } catch (error) {
        this.log.error({ err: error }, 'a termination task failed');
      }
    }
    this.markTerminated();
  }
}

function stopGuardian(cell: ActorCell): Promise<void> {
  return new Promise((resolve) => {
    cell.onStopped = resolve;
    cell.self.stop();
  });
}

/** @throws ActorStateError when the system has not joined a cluster */
export function requireCluster(system: ActorSystem): ClusterOf {
  return system.cluster.getOrElse(() => {
    throw new ActorStateError(
      `system '${system.name}' has not joined a cluster: Cluster.join first`,
    );
  });
}

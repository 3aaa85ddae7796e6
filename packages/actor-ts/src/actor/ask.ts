// Request and reply: a short-lived ref that turns the first message it is told into a promise.
import { inspect } from 'node:util';
import { AskTimeoutError } from '../errors.ts';
import { ActorPath } from './ActorPath.ts';
import { ActorRef } from './ActorRef.ts';
import type { ActorSystem } from './ActorSystem.ts';
import type { Cancellable } from './Scheduler.ts';
import type { SystemMessage } from './systemMessages.ts';

export const DEFAULT_ASK_TIMEOUT_MS = 5000;

export function ask<TRes>(
  system: ActorSystem,
  target: ActorRef,
  message: unknown,
  timeoutMs: number,
): Promise<TRes> {
  return new Promise<TRes>((resolve, reject) => {
    const replyTo = new AskRef(system, target, message, timeoutMs, resolve as never, reject);
    target.tell(withReplyTo(message, replyTo), replyTo);
  });
}

function withReplyTo(message: unknown, replyTo: ActorRef): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const prototype = Object.getPrototypeOf(message);
  if (prototype === Object.prototype) return { ...message, replyTo };
  return Object.assign(Object.create(prototype), message, { replyTo });
}

/** Lives until the first reply or the time-out. It gets a path only when somebody needs to name it. */
export class AskRef extends ActorRef {
  private readonly system: ActorSystem;
  private readonly resolve: (reply: unknown) => void;
  private readonly reject: (reason: Error) => void;
  private readonly timer: Cancellable;
  private ownPath: ActorPath | null = null;
  /** Where the system finds it by its path; -1 when it cannot. */
  private slot = -1;
  private watchers: ActorRef[] | null = null;
  private done = false;

  constructor(
    system: ActorSystem,
    target: ActorRef,
    message: unknown,
    timeoutMs: number,
    resolve: (reply: unknown) => void,
    reject: (reason: Error) => void,
  ) {
    super();
    this.system = system;
    this.resolve = resolve;
    this.reject = reject;
    this.timer = system.scheduler.schedule(timeoutMs, () => {
      const what = inspect(message, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
      this.finish();
      reject(new AskTimeoutError(`${target} did not answer ${what} within ${timeoutMs} ms`));
    });
  }

  get path(): ActorPath {
    if (this.ownPath === null) {
      const { temporaries } = this.system;
      if (!this.done) this.slot = temporaries.add(this);
      this.ownPath = new ActorPath(null, temporaries.pathOf(this.slot), this.system.nextUid());
    }
    return this.ownPath;
  }

  tell(message: unknown, sender: ActorRef | null = null): void {
    if (this.done) {
      this.system.deadLetter(message, sender, this);
      return;
    }
    this.finish();
    if (message instanceof Error) this.reject(message);
    else this.resolve(message);
  }

  ask<TRes>(message: unknown, timeoutMs: number = DEFAULT_ASK_TIMEOUT_MS): Promise<TRes> {
    return ask(this.system, this, message, timeoutMs);
  }

  sendSystem(message: SystemMessage): void {
    if (message.kind === 'watch') {
      if (this.done) this.notify(message.watcher);
      else this.watchers = [...(this.watchers ?? []), message.watcher];
    } else if (message.kind === 'unwatch') {
      this.watchers = this.watchers?.filter((ref) => !ref.equals(message.watcher)) ?? null;
    }
  }

  /** Nobody answers any more; the one who asked learns of it by the time-out. */
  kill(): void {}

  private finish(): void {
    this.done = true;
    this.timer.cancel();
    if (this.slot >= 0) this.system.temporaries.remove(this.slot);
    this.slot = -1;
    for (const watcher of this.watchers ?? []) this.notify(watcher);
  }

  private notify(watcher: ActorRef): void {
    watcher.sendSystem({ kind: 'death', actor: this, addressTerminated: false });
  }
}

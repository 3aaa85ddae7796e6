// Whom an actor watches, and who watches it.
import type { ActorRef } from './ActorRef.ts';
import { AutoReceived, Terminated } from './messages.ts';

/** In the mailbox of a watcher, so that `Terminated` comes after what the dead actor had sent. */
export class DeathNotice extends AutoReceived {
  readonly actor: ActorRef;
  readonly addressTerminated: boolean;

  constructor(actor: ActorRef, addressTerminated: boolean) {
    super();
    this.actor = actor;
    this.addressTerminated = addressTerminated;
  }
}

export class DeathWatch {
  private readonly self: ActorRef;
  private readonly watchers = new Map<string, ActorRef>();
  private readonly watching = new Map<string, ActorRef>();

  constructor(self: ActorRef) {
    this.self = self;
  }

  watch(ref: ActorRef): void {
    const key = keyOf(ref);
    if (this.watching.has(key) || ref.equals(this.self)) return;
    this.watching.set(key, ref);
    ref.sendSystem({ kind: 'watch', watcher: this.self });
  }

  unwatch(ref: ActorRef): void {
    if (this.watching.delete(keyOf(ref))) {
      ref.sendSystem({ kind: 'unwatch', watcher: this.self });
    }
  }

  isWatching(ref: ActorRef): boolean {
    return this.watching.has(keyOf(ref));
  }

  /** The `Terminated` of a notice, once, unless the actor is no longer watched. */
  take(notice: DeathNotice): { message: Terminated } | undefined {
    if (!this.watching.delete(keyOf(notice.actor))) return undefined;
    return { message: new Terminated(notice.actor, notice.addressTerminated) };
  }

  addWatcher(watcher: ActorRef): void {
    this.watchers.set(keyOf(watcher), watcher);
  }

  removeWatcher(watcher: ActorRef): void {
    this.watchers.delete(keyOf(watcher));
  }

  /** The actor itself has stopped. */
  end(): void {
    for (const ref of this.watching.values()) {
      ref.sendSystem({ kind: 'unwatch', watcher: this.self });
    }
    for (const watcher of this.watchers.values()) notifyDeath(this.self, watcher);
  }
}

export function notifyDeath(actor: ActorRef, watcher: ActorRef): void {
  watcher.sendSystem({ kind: 'death', actor, addressTerminated: false });
}

function keyOf(ref: ActorRef): string {
  return `${ref.path}#${ref.path.uid}`;
}

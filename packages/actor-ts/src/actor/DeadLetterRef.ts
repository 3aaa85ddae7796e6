// A ref with nobody behind it: what it is told becomes a DeadLetter.
import { ActorPath } from './ActorPath.ts';
import { ActorRef } from './ActorRef.ts';
import type { ActorSystem } from './ActorSystem.ts';
import { ask, DEFAULT_ASK_TIMEOUT_MS } from './ask.ts';
import type { SystemMessage } from './systemMessages.ts';

export class DeadLetterRef extends ActorRef {
  readonly path: ActorPath;
  private readonly system: ActorSystem;

  constructor(system: ActorSystem, path: string, uid: number) {
    super();
    this.system = system;
    this.path = new ActorPath(null, path, uid);
  }

  tell(message: unknown, sender: ActorRef | null = null): void {
    this.system.deadLetter(message, sender, this);
  }

  ask<TRes>(message: unknown, timeoutMs: number = DEFAULT_ASK_TIMEOUT_MS): Promise<TRes> {
    return ask(this.system, this, message, timeoutMs);
  }

  /** Watching an actor that is gone is answered at once. */
  sendSystem(message: SystemMessage): void {
    if (message.kind === 'watch') {
      message.watcher.sendSystem({ kind: 'death', actor: this, addressTerminated: false });
    }
  }

  kill(): void {}
}

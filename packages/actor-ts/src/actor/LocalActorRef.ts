// A ref to an actor of this system.
import type { ActorCell } from './ActorCell.ts';
import type { ActorPath } from './ActorPath.ts';
import { ActorRef } from './ActorRef.ts';
import { ask, DEFAULT_ASK_TIMEOUT_MS } from './ask.ts';
import { Kill } from './messages.ts';
import type { SystemMessage } from './systemMessages.ts';

export class LocalActorRef<TMsg = any> extends ActorRef<TMsg> {
  readonly path: ActorPath;
  /** @internal */
  readonly cell: ActorCell;

  constructor(path: ActorPath, cell: ActorCell) {
    super();
    this.path = path;
    this.cell = cell;
  }

  tell(message: TMsg, sender: ActorRef | null = null): void {
    this.cell.enqueue(message, sender);
  }

  ask<TRes>(message: unknown, timeoutMs: number = DEFAULT_ASK_TIMEOUT_MS): Promise<TRes> {
    return ask(this.cell.system, this, message, timeoutMs);
  }

  sendSystem(message: SystemMessage): void {
    this.cell.enqueueSystem(message);
  }

  kill(): void {
    this.cell.enqueue(Kill.instance, null);
  }
}

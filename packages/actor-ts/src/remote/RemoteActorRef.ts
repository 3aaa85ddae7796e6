// A ref to an actor of another node: tells become frames.
import type { ActorPath } from '../actor/ActorPath.ts';
import { ActorRef } from '../actor/ActorRef.ts';
import { ask, DEFAULT_ASK_TIMEOUT_MS } from '../actor/ask.ts';
import { Kill } from '../actor/messages.ts';
import type { SystemMessage } from '../actor/systemMessages.ts';
import type { Association } from './Association.ts';
import { encodeTarget } from './envelope.ts';
import type { Remoting } from './Remoting.ts';
import type { Lane } from './Transport.ts';

export class RemoteActorRef<TMsg = any> extends ActorRef<TMsg> {
  readonly path: ActorPath;
  private readonly remoting: Remoting;
  private ownAssociation: Association | null = null;
  private ownTarget: Uint8Array | null = null;
  private ownLane: Lane | null = null;

  constructor(remoting: Remoting, path: ActorPath) {
    super();
    this.remoting = remoting;
    this.path = path;
  }

  tell(message: TMsg, sender: ActorRef | null = null): void {
    this.remoting.outbox.tell(this, message, sender);
  }

  ask<TRes>(message: unknown, timeoutMs: number = DEFAULT_ASK_TIMEOUT_MS): Promise<TRes> {
    return ask(this.remoting.system, this, message, timeoutMs);
  }

  sendSystem(message: SystemMessage): void {
    this.remoting.sendSystem(this, message);
  }

  kill(): void {
    this.tell(Kill.instance as TMsg);
  }

  /** @internal What we know of the node it lives on. */
  get association(): Association {
    this.ownAssociation ??= this.remoting.associationWith(this.path.address!);
    return this.ownAssociation;
  }

  /** @internal The ref as it stands in the list of targets of a frame. */
  get target(): Uint8Array {
    this.ownTarget ??= encodeTarget(this.path.path, this.path.uid);
    return this.ownTarget;
  }

  /** @internal The actors that keep the membership go ahead of all others. */
  get lane(): Lane {
    this.ownLane ??= isControlPath(this.path.path) ? 'control' : 'user';
    return this.ownLane;
  }
}

const CONTROL_PATH = '/system/cluster';

function isControlPath(path: string): boolean {
  return (
    path.startsWith(CONTROL_PATH) &&
    (path.length === CONTROL_PATH.length || path.charCodeAt(CONTROL_PATH.length) === 0x2f)
  );
}

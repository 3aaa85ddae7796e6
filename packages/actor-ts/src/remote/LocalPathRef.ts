// A ref to a place of this system where nobody may be yet: every message goes to whoever is there then.
import { ActorPath } from '../actor/ActorPath.ts';
import { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { SystemMessage } from '../actor/systemMessages.ts';

export class LocalPathRef<TMsg = any> extends ActorRef<TMsg> {
  readonly path: ActorPath;
  private readonly system: ActorSystem;

  constructor(system: ActorSystem, path: string) {
    super();
    this.system = system;
    this.path = new ActorPath(null, path, 0);
  }

  tell(message: TMsg, sender: ActorRef | null = null): void {
    this.resolve().tell(message, sender);
  }

  ask<TRes>(message: any, timeoutMs?: number): Promise<TRes> {
    return this.resolve().ask<TRes>(message, timeoutMs);
  }

  sendSystem(message: SystemMessage): void {
    this.resolve().sendSystem(message);
  }

  kill(): void {
    this.resolve().kill();
  }

  private resolve(): ActorRef {
    return this.system.resolveLocal(this.path.path, 0);
  }
}

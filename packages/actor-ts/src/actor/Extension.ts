// A part of a system that is made on first use and then shared: pub/sub, persistence, shutdown.
import type { ActorSystem } from './ActorSystem.ts';

export interface ExtensionId<T> {
  readonly key: string;
  create(system: ActorSystem): T;
}

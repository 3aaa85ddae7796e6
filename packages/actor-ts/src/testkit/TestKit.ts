// A quiet actor system for one test, with its probes; disposing it stops everything.

import type { ActorRef } from '../actor/ActorRef.ts';
import { ActorSystem, type ActorSystemOptions } from '../actor/ActorSystem.ts';
import type { Props } from '../actor/Props.ts';
import { TestProbe } from './TestProbe.ts';

export class TestKit {
  readonly system: ActorSystem;

  private constructor(system: ActorSystem) {
    this.system = system;
  }

  /** `await using kit = TestKit.create()` shuts down at the end of the block. */
  static create(name = 'test', options: ActorSystemOptions = {}): TestKit {
    return new TestKit(ActorSystem.create(name, { logLevel: 'silent', ...options }));
  }

  spawn<T>(props: Props<T>, name?: string): ActorRef<T> {
    return name === undefined ? this.system.spawnAnonymous(props) : this.system.spawn(props, name);
  }

  createTestProbe(name?: string): TestProbe {
    return new TestProbe(this.system, name);
  }

  shutdown(): Promise<void> {
    return this.system.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

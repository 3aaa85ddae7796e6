// An actor that a test holds in its hand: it records what it is told, and the test expects it.
import { inspect, isDeepStrictEqual } from 'node:util';
import { Actor } from '../actor/Actor.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { Terminated } from '../actor/messages.ts';
import { Props } from '../actor/Props.ts';

interface Received {
  readonly message: any;
  readonly sender: ActorRef | null;
}

type MessageClass<T> = abstract new (...args: never[]) => T;

const DEFAULT_TIMEOUT_MS = 3000;

export class TestProbe {
  readonly ref: ActorRef;
  /** Sender of the message that was expected last. */
  lastSender: ActorRef | null = null;
  private readonly received: Received[] = [];
  private wake: (() => void) | null = null;

  constructor(system: ActorSystem, name?: string) {
    const record = (message: unknown, sender: ActorRef | null) => this.record(message, sender);
    const props = Props.create(() => new ProbeActor(record));
    this.ref = name === undefined ? system.spawnAnonymous(props) : system.spawn(props, name);
  }

  /** Takes the next message. @throws Error when none comes within `timeoutMs` */
  async receiveOne<T = any>(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T> {
    const [message] = await this.receiveN<T>(1, timeoutMs);
    return message as T;
  }

  /** Takes the next `n` messages. */
  async receiveN<T = any>(n: number, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T[]> {
    const messages: T[] = [];
    const deadline = performance.now() + timeoutMs;
    while (messages.length < n) {
      const next = await this.next(deadline);
      if (next === undefined) {
        throw new Error(
          `expected ${n} message(s) within ${timeoutMs} ms, got ${messages.length}: ${inspect(messages)}`,
        );
      }
      messages.push(next.message);
    }
    return messages;
  }

  /** The next message must equal `expected`. */
  async expectMessage<T>(expected: T, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T> {
    const message = await this.receiveOne(timeoutMs);
    if (!isDeepStrictEqual(message, expected)) {
      throw new Error(`expected ${inspect(expected)}, got ${inspect(message)}`);
    }
    return message;
  }

  /** The next message must be an instance of `type`. */
  async expectMessageType<T>(type: MessageClass<T>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<T> {
    const message = await this.receiveOne(timeoutMs);
    if (!(message instanceof type)) {
      throw new Error(`expected a ${type.name}, got ${inspect(message)}`);
    }
    return message;
  }

  /** Nothing may arrive for `durationMs`. */
  async expectNoMessage(durationMs = 100): Promise<void> {
    const next = await this.next(performance.now() + durationMs);
    if (next !== undefined) throw new Error(`expected no message, got ${inspect(next.message)}`);
  }

  /** Passes messages over until one fits `predicate`, and takes that. */
  async fishForMessage<T = any>(
    predicate: (message: any) => boolean,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const passed: unknown[] = [];
    for (;;) {
      const next = await this.next(deadline);
      if (next === undefined) {
        throw new Error(`no fitting message within ${timeoutMs} ms; passed: ${inspect(passed)}`);
      }
      if (predicate(next.message)) return next.message;
      passed.push(next.message);
    }
  }

  /** Watches `ref`, so that `expectTerminated` works. */
  watch(ref: ActorRef): void {
    this.ref.tell(new WatchRequest(ref));
  }

  async expectTerminated(ref: ActorRef, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Terminated> {
    const terminated = await this.expectMessageType(Terminated, timeoutMs);
    if (!terminated.actor.equals(ref)) {
      throw new Error(`expected the end of ${ref}, got that of ${terminated.actor}`);
    }
    return terminated;
  }

  /** Answers the sender of the message that was expected last. */
  reply(message: unknown): void {
    if (this.lastSender === null) throw new Error('the last message had no sender to reply to');
    this.lastSender.tell(message, this.ref);
  }

  private record(message: any, sender: ActorRef | null): void {
    this.received.push({ message, sender });
    this.wake?.();
  }

  private async next(deadline: number): Promise<Received | undefined> {
    while (this.received.length === 0) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = null;
    }
    const next = this.received.shift()!;
    this.lastSender = next.sender;
    return next;
  }
}

class WatchRequest {
  readonly ref: ActorRef;

  constructor(ref: ActorRef) {
    this.ref = ref;
  }
}

class ProbeActor extends Actor {
  private readonly record: (message: unknown, sender: ActorRef | null) => void;

  constructor(record: (message: unknown, sender: ActorRef | null) => void) {
    super();
    this.record = record;
  }

  onReceive(message: unknown): void {
    if (message instanceof WatchRequest) this.context.watch(message.ref);
    else this.record(message, this.sender.toNullable());
  }
}

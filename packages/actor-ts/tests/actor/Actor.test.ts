import { expect, test } from 'vitest';
import {
  Actor,
  type ActorRef,
  ActorStateError,
  DeadLetter,
  InvalidActorNameError,
  PoisonPill,
  Props,
  UnhandledMessage,
} from '../../src/index.ts';
import { TestKit, until } from '../../src/testkit/index.ts';

class Recorder extends Actor<string> {
  readonly seen: string[];

  constructor(seen: string[]) {
    super();
    this.seen = seen;
  }

  override preStart(): void {
    this.seen.push('preStart');
  }

  onReceive(message: string): void {
    this.seen.push(message);
  }

  override postStop(): void {
    this.seen.push('postStop');
  }
}

test('handles messages one at a time, in the order told, between preStart and postStop', async () => {
  await using kit = TestKit.create();
  const seen: string[] = [];
  const ref = kit.spawn(Props.create(() => new Recorder(seen)));
  for (let i = 0; i < 100; i++) ref.tell(`m${i}`);
  ref.tell(PoisonPill.instance as never);
  await until(() => seen.at(-1) === 'postStop');
  expect(seen).toEqual(['preStart', ...Array.from({ length: 100 }, (_, i) => `m${i}`), 'postStop']);
});

test('holds the mailbox while a promise of the handler is pending', async () => {
  await using kit = TestKit.create();
  const order: string[] = [];
  class Slow extends Actor<number> {
    async onReceive(n: number): Promise<void> {
      order.push(`begin ${n}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`end ${n}`);
    }
  }
  const ref = kit.spawn(Props.create(() => new Slow()));
  ref.tell(1);
  ref.tell(2);
  await until(() => order.length === 4);
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('keeps the sender while an async handler runs', async () => {
  await using kit = TestKit.create();
  class Echo extends Actor {
    async onReceive(message: unknown): Promise<void> {
      await Promise.resolve();
      this.sender.forEach((sender) => sender.tell(message, this.self));
    }
  }
  const probe = kit.createTestProbe();
  const other = kit.createTestProbe();
  const echo = kit.spawn(Props.create(() => new Echo()));
  echo.tell('a', probe.ref);
  echo.tell('b', other.ref);
  await probe.expectMessage('a');
  await other.expectMessage('b');
  expect(probe.lastSender?.equals(echo)).toBe(true);
});

test('gives field initialisers the context', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Eager extends Actor {
    private readonly name = this.self.path.name;
    private readonly child = this.context.spawn(
      Props.create(() => new Recorder([])),
      'kid',
    );

    onReceive(): void {
      probe.ref.tell([this.name, this.child.path.path]);
    }
  }
  kit
    .spawn(
      Props.create(() => new Eager()),
      'eager',
    )
    .tell('go');
  await probe.expectMessage(['eager', '/user/eager/kid']);
});

test('refuses an actor made with new, and entityId outside sharding', async () => {
  expect(() => new Recorder([])).toThrow(ActorStateError);
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Curious extends Actor {
    onReceive(): void {
      try {
        probe.ref.tell(this.entityId);
      } catch (error) {
        probe.ref.tell(error);
      }
    }
  }
  kit.spawn(Props.create(() => new Curious())).tell('go');
  await probe.expectMessageType(ActorStateError);
});

test('become and unbecome change what handles the next message', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Mood extends Actor<string> {
    onReceive(message: string): void {
      if (message === 'anger') this.context.become((m) => this.angry(m), false);
      else probe.ref.tell(`calm: ${message}`);
    }

    private angry(message: string): void {
      if (message === 'soothe') this.context.unbecome();
      else probe.ref.tell(`angry: ${message}`);
    }
  }
  const ref = kit.spawn(Props.create(() => new Mood()));
  for (const message of ['a', 'anger', 'b', 'soothe', 'c']) ref.tell(message);
  expect(await probe.receiveN(3)).toEqual(['calm: a', 'angry: b', 'calm: c']);
});

test('stops children before itself', async () => {
  await using kit = TestKit.create();
  const order: string[] = [];
  class Parent extends Actor {
    override preStart(): void {
      for (const name of ['a', 'b']) {
        this.context.spawn(
          Props.create(() => new Child(name)),
          name,
        );
      }
    }

    onReceive(): void {}

    override postStop(): void {
      order.push('parent');
    }
  }
  class Child extends Actor {
    readonly name: string;

    constructor(name: string) {
      super();
      this.name = name;
    }

    onReceive(): void {}

    override async postStop(): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      order.push(this.name);
    }
  }
  const parent = kit.spawn(Props.create(() => new Parent()));
  const probe = kit.createTestProbe();
  probe.watch(parent);
  parent.stop();
  await probe.expectTerminated(parent);
  expect(order).toEqual(['a', 'b', 'parent']);
});

test('a stopped actor takes nothing more: dead letters name message, sender and recipient', async () => {
  await using kit = TestKit.create();
  const letters: DeadLetter[] = [];
  kit.system.eventStream.subscribe((letter) => void letters.push(letter), DeadLetter);
  const probe = kit.createTestProbe();
  const ref = kit.spawn(Props.create(() => new Recorder([])));
  probe.watch(ref);
  ref.stop();
  await probe.expectTerminated(ref);
  ref.tell('late', probe.ref);
  expect(letters).toHaveLength(1);
  expect(letters[0]).toMatchObject({ message: 'late', sender: probe.ref, recipient: ref });
  expect(kit.system.deadLetterCount).toBe(1);
});

test('a full mailbox sends what comes on top to dead letters', async () => {
  await using kit = TestKit.create();
  const letters: unknown[] = [];
  kit.system.eventStream.subscribe((letter) => void letters.push(letter.message), DeadLetter);
  const seen: string[] = [];
  const ref = kit.spawn(Props.create(() => new Recorder(seen)).withMailboxCapacity(2));
  for (const message of ['a', 'b', 'c']) ref.tell(message);
  await until(() => seen.length === 3);
  expect(seen).toEqual(['preStart', 'a', 'b']);
  expect(letters).toEqual(['c']);
});

test('names are checked, and a taken one is refused until its actor has stopped', async () => {
  await using kit = TestKit.create();
  const props = Props.create(() => new Recorder([]));
  const first = kit.spawn(props, 'one');
  expect(() => kit.spawn(props, 'one')).toThrow(InvalidActorNameError);
  for (const name of ['', 'a/b', '$x', 'a b', 'a#b']) {
    expect(() => kit.spawn(props, name)).toThrow(InvalidActorNameError);
  }
  first.stop();
  const again = await until(() => kit.spawn(props, 'one'));
  expect(again.equals(first)).toBe(false);
  expect(again.path.path).toBe(first.path.path);
});

test('unhandled messages are published', async () => {
  await using kit = TestKit.create();
  const seen: unknown[] = [];
  kit.system.eventStream.subscribe((event) => void seen.push(event.message), UnhandledMessage);
  class Picky extends Actor {
    onReceive(message: unknown): void {
      this.unhandled(message);
    }
  }
  kit.spawn(Props.create(() => new Picky())).tell('what?');
  await until(() => seen.length === 1);
  expect(seen).toEqual(['what?']);
});

test('actors that all have something to do take turns, a message each', async () => {
  await using kit = TestKit.create();
  const seen: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => {
    class Listener extends Actor<number> {
      onReceive(n: number): void {
        seen.push(`${name}${n}`);
      }
    }
    return kit.spawn(Props.create(() => new Listener()));
  });
  for (const n of [1, 2, 3]) for (const ref of [a!, b!, c!]) ref.tell(n);
  await until(() => seen.length === 9);
  expect(seen).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
});

test('actors that never stop talking leave the event loop its turns', async () => {
  await using kit = TestKit.create();
  class Chatter extends Actor<ActorRef> {
    onReceive(other: ActorRef): void {
      other.tell(this.self);
    }
  }
  const a = kit.spawn(Props.create(() => new Chatter()));
  const b = kit.spawn(Props.create(() => new Chatter()));
  a.tell(b);
  let turns = 0;
  for (; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(turns).toBe(5);
});

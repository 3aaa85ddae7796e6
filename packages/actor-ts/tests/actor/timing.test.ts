import { expect, test } from 'vitest';
import {
  Actor,
  type ActorRef,
  AskTimeoutError,
  DeadLetter,
  OptionsError,
  Props,
  ReceiveTimeout,
  StashOverflowError,
} from '../../src/index.ts';
import { ManualScheduler, TestKit } from '../../src/testkit/index.ts';

function manualKit() {
  const time = new ManualScheduler();
  return { time, kit: TestKit.create('test', { scheduler: time }) };
}

class Forward extends Actor {
  private readonly to: ActorRef;
  private readonly begin: (actor: Forward) => void;

  constructor(to: ActorRef, begin: (actor: Forward) => void) {
    super();
    this.to = to;
    this.begin = begin;
  }

  get ctx() {
    return this.context;
  }

  override preStart(): void {
    this.begin(this);
  }

  onReceive(message: unknown): void {
    if (message === 'boom') throw new Error('boom');
    if (typeof message === 'function') message(this);
    else this.to.tell(message);
  }
}

test('a single timer fires once, a fixed-delay timer until it is cancelled', async () => {
  const { time, kit } = manualKit();
  const probe = kit.createTestProbe();
  const ref = kit.spawn(
    Props.create(
      () =>
        new Forward(probe.ref, ({ ctx }) => {
          ctx.timers.startSingleTimer('once', 'single', 50);
          ctx.timers.startTimerWithFixedDelay('often', 'tick', 20);
        }),
    ),
  );
  await time.advance(65);
  expect(await probe.receiveN(4)).toEqual(['tick', 'tick', 'single', 'tick']);
  ref.tell(({ ctx }: Forward) => {
    expect(ctx.timers.isTimerActive('once')).toBe(false);
    ctx.timers.cancel('often');
  });
  await time.advance(100);
  await probe.expectNoMessage(5);
  await kit.shutdown();
});

test('a replaced timer never delivers, not even when it has fired already', async () => {
  const { time, kit } = manualKit();
  const probe = kit.createTestProbe();
  const ref = kit.spawn(Props.create(() => new Forward(probe.ref, () => {})));
  ref.tell(({ ctx }: Forward) => ctx.timers.startSingleTimer('k', 'old', 10));
  await time.advance(9);
  // Both in one turn: the timer fires into the mailbox behind the message that replaces it.
  ref.tell(({ ctx }: Forward) => ctx.timers.startSingleTimer('k', 'new', 10));
  await time.advance(1);
  await time.advance(10);
  await probe.expectMessage('new');
  await probe.expectNoMessage(5);
  await kit.shutdown();
});

test('a restart cancels the timers of the failed instance', async () => {
  const { time, kit } = manualKit();
  const probe = kit.createTestProbe();
  let starts = 0;
  const ref = kit.spawn(
    Props.create(
      () =>
        new Forward(probe.ref, ({ ctx }) => {
          if (starts++ === 0) ctx.timers.startSingleTimer('k', 'from the first', 10);
        }),
    ),
  );
  await time.advance(1);
  ref.tell('boom');
  await time.advance(50);
  expect(starts).toBe(2);
  await probe.expectNoMessage(5);
  await kit.shutdown();
});

test('ReceiveTimeout arrives after silence, and each message puts it off', async () => {
  const { time, kit } = manualKit();
  const probe = kit.createTestProbe();
  const ref = kit.spawn(
    Props.create(() => new Forward(probe.ref, ({ ctx }) => ctx.setReceiveTimeout(100))),
  );
  await time.advance(80);
  ref.tell('hello');
  await time.advance(80);
  await probe.expectMessage('hello');
  await time.advance(30);
  await probe.expectMessageType(ReceiveTimeout);
  await kit.shutdown();
});

test('stashed messages come back in order, before newer ones', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Gate extends Actor<string> {
    private open = false;

    onReceive(message: string): void {
      if (message === 'open') {
        this.open = true;
        this.context.unstashAll();
      } else if (this.open) probe.ref.tell(message);
      else this.context.stash();
    }
  }
  const gate = kit.spawn(Props.create(() => new Gate()));
  for (const message of ['a', 'b', 'open', 'c']) gate.tell(message);
  expect(await probe.receiveN(3)).toEqual(['a', 'b', 'c']);
});

test('the stash is bounded', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Hoarder extends Actor<number> {
    onReceive(): void {
      try {
        this.context.stash();
      } catch (error) {
        probe.ref.tell(error);
      }
    }
  }
  const hoarder = kit.spawn(Props.create(() => new Hoarder()));
  for (let i = 0; i <= 10_000; i++) hoarder.tell(i);
  await probe.expectMessageType(StashOverflowError);
});

test('ask resolves with the reply, by replyTo or by sender, and rejects with an Error reply', async () => {
  await using kit = TestKit.create();
  interface Question {
    how: 'replyTo' | 'sender' | 'error';
    replyTo: ActorRef;
  }
  class Answerer extends Actor<Question> {
    onReceive({ how, replyTo }: Question): void {
      if (how === 'replyTo') replyTo.tell('by replyTo');
      else if (how === 'sender') this.sender.forEach((sender) => sender.tell('by sender'));
      else replyTo.tell(new RangeError('no'));
    }
  }
  const ref = kit.spawn(Props.create<Question>(() => new Answerer()));
  expect(await ref.ask({ how: 'replyTo' })).toBe('by replyTo');
  expect(await ref.ask({ how: 'sender' })).toBe('by sender');
  await expect(ref.ask({ how: 'error' })).rejects.toThrow(RangeError);
});

test('ask times out with an error that says whom and what, and a late reply is a dead letter', async () => {
  const { time, kit } = manualKit();
  let late!: ActorRef;
  class Mute extends Actor<{ replyTo: ActorRef }> {
    onReceive({ replyTo }: { replyTo: ActorRef }): void {
      late = replyTo;
    }
  }
  const letters: unknown[] = [];
  kit.system.eventStream.subscribe((letter) => void letters.push(letter.message), DeadLetter);
  const asked = kit.spawn(
    Props.create(() => new Mute()),
    'mute',
  );
  const answer = asked
    .ask({ kind: 'hello' } as never, 250)
    .catch((reason) => reason as AskTimeoutError);
  await time.advance(250);
  const error = (await answer) as AskTimeoutError;
  expect(error).toBeInstanceOf(AskTimeoutError);
  expect(error.code).toBe('ERR_ASK_TIMEOUT');
  expect(error.message).toMatch(/\/user\/mute.*hello.*250 ms/);
  late.tell('too late');
  expect(letters).toEqual(['too late']);
  await kit.shutdown();
});

test('an ask ref that somebody names can be found by its path until it is answered', async () => {
  await using kit = TestKit.create();
  class ByPath extends Actor<{ replyTo: ActorRef }> {
    onReceive({ replyTo }: { replyTo: ActorRef }): void {
      this.system.resolveLocal(replyTo.path.path, replyTo.path.uid).tell('found');
    }
  }
  const ref = kit.spawn(Props.create(() => new ByPath()));
  expect(await ref.ask({})).toBe('found');
});

test('a timer refuses a delay that is none', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  const ref = kit.spawn(Props.create(() => new Forward(probe.ref, () => {})));
  ref.tell(({ ctx }: Forward) => {
    try {
      ctx.timers.startSingleTimer('k', 'm', Number.NaN);
    } catch (error) {
      probe.ref.tell(error);
    }
  });
  await probe.expectMessageType(OptionsError);
});

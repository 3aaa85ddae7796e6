import { expect, test } from 'vitest';
import {
  Actor,
  ActorInitializationError,
  type ActorRef,
  AllForOneStrategy,
  Directive,
  decideBy,
  OneForOneStrategy,
  OptionsError,
  Props,
  type SupervisorStrategy,
  Terminated,
} from '../../src/index.ts';
import { TestKit, type TestProbe } from '../../src/testkit/index.ts';

class Counter extends Actor<string> {
  private count = 0;
  private readonly probe: TestProbe;

  constructor(probe: TestProbe) {
    super();
    this.probe = probe;
  }

  override preRestart(reason: Error, message?: unknown): void | Promise<void> {
    this.probe.ref.tell(`preRestart ${reason.message} ${message}`);
    return super.preRestart(reason, message);
  }

  override postRestart(reason: Error): void | Promise<void> {
    this.probe.ref.tell(`postRestart ${reason.message}`);
    return super.postRestart(reason);
  }

  onReceive(message: string): void {
    if (message === 'boom') throw new TypeError('boom');
    if (message === 'range') throw new RangeError('range');
    if (message === 'add') this.count++;
    if (message === 'get') this.probe.ref.tell(this.count);
  }
}

class Parent extends Actor {
  readonly kids: ActorRef[];
  private readonly strategy: SupervisorStrategy;

  constructor(strategy: SupervisorStrategy, props: Props, probe: TestProbe, kids = 1) {
    super();
    this.strategy = strategy;
    this.kids = Array.from({ length: kids }, (_, i) => this.context.spawn(props, `kid${i}`));
    for (const kid of this.kids) this.context.watch(kid);
    probe.ref.tell(this.kids);
    this.forward = (message) => probe.ref.tell(message);
  }

  private readonly forward: (message: unknown) => void;

  override supervisorStrategy(): SupervisorStrategy {
    return this.strategy;
  }

  onReceive(message: unknown): void {
    if (message instanceof Terminated) this.forward(`terminated ${message.actor.path.name}`);
  }
}

async function family(kit: TestKit, strategy: SupervisorStrategy, size = 1) {
  const probe = kit.createTestProbe();
  const props = Props.create(() => new Counter(probe));
  const parent = kit.spawn(Props.create(() => new Parent(strategy, props, probe, size)));
  const kids = await probe.receiveOne<ActorRef[]>();
  return { probe, parent, kids, kid: kids[0]! };
}

test('restarts a failed child with a new instance; the messages behind the bad one are handled', async () => {
  await using kit = TestKit.create();
  const { probe, kid } = await family(kit, new OneForOneStrategy());
  for (const message of ['add', 'boom', 'add', 'get']) kid.tell(message);
  await probe.expectMessage('preRestart boom boom');
  await probe.expectMessage('postRestart boom');
  await probe.expectMessage(1);
});

test('resumes with the state kept', async () => {
  await using kit = TestKit.create();
  const strategy = new OneForOneStrategy({ decider: () => Directive.Resume });
  const { probe, kid } = await family(kit, strategy);
  for (const message of ['add', 'boom', 'add', 'get']) kid.tell(message);
  await probe.expectMessage(2);
});

test('decides by the class of the error', async () => {
  await using kit = TestKit.create();
  const decider = decideBy([
    [TypeError, Directive.Resume],
    [RangeError, Directive.Stop],
  ]);
  const { probe, kid } = await family(kit, new OneForOneStrategy({ decider }));
  for (const message of ['add', 'boom', 'get', 'range']) kid.tell(message);
  await probe.expectMessage(1);
  await probe.expectMessage('terminated kid0');
});

test('stops a child that needs more restarts than it is granted', async () => {
  await using kit = TestKit.create();
  const { probe, kid } = await family(kit, new OneForOneStrategy({ maxRetries: 2 }));
  for (let i = 0; i < 3; i++) kid.tell('boom');
  const seen = await probe.receiveN(5);
  expect(seen.at(-1)).toBe('terminated kid0');
});

test('AllForOne restarts the siblings too', async () => {
  await using kit = TestKit.create();
  const { probe, kids } = await family(kit, new AllForOneStrategy(), 2);
  kids[1]!.tell('add');
  kids[0]!.tell('boom');
  await probe.receiveN(4);
  kids[1]!.tell('get');
  await probe.expectMessage(0);
});

test('escalates: the parent fails with the same error and its own parent decides', async () => {
  await using kit = TestKit.create();
  const strategy = new OneForOneStrategy({ decider: () => Directive.Escalate });
  const { probe, kid } = await family(kit, strategy);
  kid.tell('boom');
  const kidsOfTheNewParent = await probe.receiveOne<ActorRef[]>();
  expect(kidsOfTheNewParent).toHaveLength(1);
  expect(kidsOfTheNewParent[0]!.equals(kid)).toBe(false);
});

test('an async failure is supervised like any other', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Late extends Actor<string> {
    async onReceive(message: string): Promise<void> {
      await Promise.resolve();
      if (message === 'boom') throw new Error('late boom');
      probe.ref.tell(message);
    }
  }
  const ref = kit.spawn(Props.create(() => new Late()));
  ref.tell('boom');
  ref.tell('after');
  await probe.expectMessage('after');
});

test('an actor whose start fails is stopped, and the cause is kept', async () => {
  await using kit = TestKit.create();
  const reasons: Error[] = [];
  const strategy = new OneForOneStrategy({
    decider: (reason) => {
      reasons.push(reason);
      return Directive.Stop;
    },
  });
  class Stillborn extends Actor {
    override async preStart(): Promise<void> {
      throw new Error('no database');
    }

    onReceive(): void {}
  }
  const probe = kit.createTestProbe();
  const props = Props.create(() => new Stillborn());
  kit.spawn(Props.create(() => new Parent(strategy, props, probe)));
  await probe.receiveOne();
  await probe.expectMessage('terminated kid0');
  expect(reasons[0]).toBeInstanceOf(ActorInitializationError);
  expect((reasons[0]!.cause as Error).message).toBe('no database');
});

test('kill makes the actor fail, by default for good', async () => {
  await using kit = TestKit.create();
  const { probe, kid } = await family(kit, new OneForOneStrategy());
  kid.kill();
  await probe.expectMessage('terminated kid0');
});

test('a stop that arrives while a restart waits for its hook wins', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  let release!: () => void;
  class Slow extends Actor<string> {
    override preRestart(): Promise<void> {
      probe.ref.tell('restarting');
      return new Promise((resolve) => {
        release = resolve;
      });
    }

    override postRestart(): void {
      probe.ref.tell('restarted');
    }

    onReceive(): void {
      throw new Error('boom');
    }
  }
  const ref = kit.spawn(Props.create(() => new Slow()));
  probe.watch(ref);
  ref.tell('go');
  await probe.expectMessage('restarting');
  ref.stop();
  release();
  await probe.expectTerminated(ref);
});

test('refuses strategies that make no sense, naming the field', () => {
  expect(() => new OneForOneStrategy({ maxRetries: -1 })).toThrow(/maxRetries.*whole number/);
  expect(() => new OneForOneStrategy({ retries: 1 } as never)).toThrow(OptionsError);
});

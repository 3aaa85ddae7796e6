import { expect, test } from 'vitest';
import { Actor, type ActorRef, Props, Terminated } from '../../src/index.ts';
import { TestKit, until } from '../../src/testkit/index.ts';

class Idle extends Actor {
  onReceive(): void {}
}

test('tells the watcher once, behind everything the dead actor had sent it', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Talker extends Actor {
    onReceive(): void {
      for (let i = 0; i < 3; i++) probe.ref.tell(i);
      this.context.stopSelf();
    }
  }
  const ref = kit.spawn(Props.create(() => new Talker()));
  probe.watch(ref);
  probe.watch(ref);
  await until(() => true);
  ref.tell('go');
  expect(await probe.receiveN(3)).toEqual([0, 1, 2]);
  await probe.expectTerminated(ref);
  await probe.expectNoMessage(20);
});

test('watching an actor that is gone is answered at once', async () => {
  await using kit = TestKit.create();
  const first = kit.createTestProbe();
  const ref = kit.spawn(Props.create(() => new Idle()));
  first.watch(ref);
  ref.stop();
  await first.expectTerminated(ref);
  const second = kit.createTestProbe();
  second.watch(ref);
  await second.expectTerminated(ref);
});

test('unwatch holds back even a Terminated that is already on its way', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Fickle extends Actor<ActorRef | Terminated | string> {
    private watched!: ActorRef;

    onReceive(message: ActorRef | Terminated | string): void {
      if (message instanceof Terminated) probe.ref.tell('terminated');
      else if (typeof message === 'string') {
        this.context.unwatch(this.watched);
        probe.ref.tell('unwatched');
      } else {
        this.watched = message;
        this.context.watch(message);
        message.stop();
      }
    }
  }
  const fickle = kit.spawn(Props.create(() => new Fickle()));
  fickle.tell(kit.spawn(Props.create(() => new Idle())));
  fickle.tell('unwatch');
  await probe.expectMessage('unwatched');
  await probe.expectNoMessage(20);
});

test('a Terminated passed to unhandled is a death pact: the watcher stops too', async () => {
  await using kit = TestKit.create();
  const probe = kit.createTestProbe();
  class Loyal extends Actor<ActorRef> {
    onReceive(message: ActorRef | Terminated): void {
      if (message instanceof Terminated) this.unhandled(message);
      else this.context.watch(message);
    }
  }
  const friend = kit.spawn(Props.create(() => new Idle()));
  const loyal = kit.spawn(Props.create(() => new Loyal()));
  probe.watch(loyal);
  loyal.tell(friend);
  friend.stop();
  await probe.expectTerminated(loyal);
});

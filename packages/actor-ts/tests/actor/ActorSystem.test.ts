import { expect, test } from 'vitest';
import {
  Actor,
  ActorSystem,
  CoordinatedShutdownId,
  OptionsError,
  Phases,
  Props,
  TraceHop,
} from '../../src/index.ts';
import { TestKit } from '../../src/testkit/index.ts';

test('terminate stops every actor, then runs what was registered, last first, once', async () => {
  const kit = TestKit.create();
  const order: string[] = [];
  class Last extends Actor {
    onReceive(): void {}

    override async postStop(): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('actor');
    }
  }
  kit.spawn(Props.create(() => new Last()));
  kit.system.registerOnTermination(() => void order.push('first registered'));
  kit.system.registerOnTermination(() => void order.push('last registered'));
  await Promise.all([kit.system.terminate(), kit.system.terminate()]);
  expect(order).toEqual(['actor', 'last registered', 'first registered']);
});

test('an extension is made once per system', async () => {
  await using kit = TestKit.create();
  let made = 0;
  const id = { key: 'counter', create: () => ({ number: ++made }) };
  expect(kit.system.extension(id)).toBe(kit.system.extension(id));
  expect(made).toBe(1);
});

test('coordinated shutdown runs phases in order, survives a failing task, and runs once', async () => {
  const kit = TestKit.create();
  const order: string[] = [];
  const shutdown = kit.system.extension(CoordinatedShutdownId);
  shutdown.addTask(Phases.ClusterLeave, 'leave', () => void order.push('leave'));
  shutdown.addTask(Phases.ServiceUnbind, 'unbind', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    order.push('unbind');
  });
  shutdown.addTask(Phases.ServiceUnbind, 'broken', () => {
    throw new Error('broken task');
  });
  await Promise.all([shutdown.run(), shutdown.run()]);
  expect(order).toEqual(['unbind', 'leave']);
  await kit.system.whenTerminated;
  expect(() => shutdown.addTask('lunch' as never, 'x', () => {})).toThrow(
    /no shutdown phase 'lunch'/,
  );
});

test('a shutdown phase that hangs is left behind after its time', async () => {
  const kit = TestKit.create();
  const shutdown = kit.system.extension(CoordinatedShutdownId);
  shutdown.phaseTimeoutMs = 20;
  shutdown.addTask(Phases.ServiceStop, 'hangs', () => new Promise(() => {}));
  await shutdown.run();
});

test('bad options are refused by name', () => {
  expect(() => ActorSystem.create('')).toThrow(OptionsError);
  expect(() => ActorSystem.create('a', { logLevel: 'loud' as never })).toThrow(/logLevel.*'loud'/);
  expect(() => ActorSystem.create('a', { colour: 'red' } as never)).toThrow(/no option `colour`/);
});

test('a message that carries several is traced as each of them', async () => {
  const idOf = (message: unknown) => message as string[];
  await using kit = TestKit.create('traced', { trace: { idOf } });
  const ids: string[] = [];
  kit.system.eventStream.subscribe((hop) => void ids.push(hop.id), TraceHop);
  kit.system.trace?.hop('publish', ['m1', 'm2']);
  kit.system.trace?.hop('publish', []);
  expect(ids).toEqual(['m1', 'm2']);
});

test('tracing publishes the hops of messages that have an id, and is null when off', async () => {
  await using plain = TestKit.create();
  expect(plain.system.trace).toBeNull();
  await using kit = TestKit.create('traced', { trace: true });
  const hops: TraceHop[] = [];
  kit.system.eventStream.subscribe((hop) => void hops.push(hop), TraceHop);
  kit.system.trace?.hop('publish', { id: 'm1' }, { topic: 'room.lobby' });
  kit.system.trace?.hop('publish', { text: 'no id' });
  expect(hops).toMatchObject([
    { hop: 'publish', id: 'm1', node: 'traced', details: { topic: 'room.lobby' } },
  ]);
});

// Messages to one actor that counts them.
import { Actor, type ActorRef, ActorSystem, Props } from 'actor-ts';
import { type Contender, perSecond, plain, type Row } from './Row.ts';

const BURST = 1000;
const FLOOD = 1_000_000;

/** The least that a mailbox has to do: an array, and one hop to whoever empties it. */
function reference(size: number): Contender {
  let queue: number[] = [];
  let isDue = false;
  let left = 0;
  let done = () => {};
  const run = () => {
    const messages = queue;
    queue = [];
    isDue = false;
    for (const message of messages) {
      left -= message;
      if (left === 0) done();
    }
  };
  const tell = (message: number) => {
    queue.push(message);
    if (isDue) return;
    isDue = true;
    queueMicrotask(run);
  };
  return plain(() =>
    perSecond(size, () => {
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      left = size;
      for (let i = 0; i < size; i++) tell(1);
      return all;
    }),
  );
}

class Counter extends Actor<number> {
  left = 0;
  done = () => {};

  onReceive(message: number): void {
    this.left -= message;
    if (this.left === 0) this.done();
  }
}

function ours(size: number): Contender {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const counter = Promise.withResolvers<Counter>();
  const ref: ActorRef<number> = system.spawn(
    Props.create(() => {
      const actor = new Counter();
      counter.resolve(actor);
      return actor;
    }),
    'counter',
  );
  const measure = async () => {
    const actor = await counter.promise;
    return perSecond(size, () => {
      const all = new Promise<void>((resolve) => {
        actor.done = resolve;
      });
      actor.left = size;
      for (let i = 0; i < size; i++) ref.tell(1);
      return all;
    });
  };
  return { measure, [Symbol.asyncDispose]: () => system.terminate() };
}

/** nact's actors are functions of state and message. */
async function nact(size: number): Promise<Contender> {
  const { dispatch, spawn, start, stop } = await import('nact');
  const system = start();
  let left = 0;
  let done = () => {};
  const counter = spawn(system, (_state: unknown, message: number) => {
    left -= message;
    if (left === 0) done();
  });
  const measure = () =>
    perSecond(size, () => {
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      left = size;
      for (let i = 0; i < size; i++) dispatch(counter, 1);
      return all;
    });
  return { measure, [Symbol.asyncDispose]: async () => stop(system) };
}

const row = (name: string, what: string, size: number, ratio: number): Row => ({
  ...{ name, what, unit: '/s', target: { of: 'reference', ratio } },
  contenders: {
    reference: async () => reference(size),
    ours: async () => ours(size),
    nact: () => nact(size),
  },
});

export const tell = row('tell', 'tell, bursts of 1,000 to one actor', BURST, 0.35);
export const flood = row('flood', 'tell, one burst of 1,000,000', FLOOD, 1);

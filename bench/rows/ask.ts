// Questions to an actor of the same process, one after the other and many at a time.
import { Actor, type ActorRef, ActorSystem, Props } from 'actor-ts';
import { type Contender, perSecond, plain, type Row } from './Row.ts';

interface Question {
  readonly n: number;
  readonly replyTo?: ActorRef<number>;
}

class Echo extends Actor<Question> {
  onReceive({ n, replyTo }: Question): void {
    replyTo!.tell(n);
  }
}

const ROUNDS = 1000;
/** Node's timers count from the begin of the turn, and a round is one turn, long on a slow machine. */
const PATIENCE_MS = 60_000;

/** What no question can do without: a promise, and a hop until somebody has resolved it. */
function reference(atOnce: number): Contender {
  const hop = () =>
    new Promise<number>((resolve) => {
      queueMicrotask(() => resolve(1));
    });
  return plain(() => inRounds(atOnce, hop));
}

function ours(atOnce: number): Contender {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const echo = system.spawn(
    Props.create(() => new Echo()),
    'echo',
  );
  return {
    measure: () => inRounds(atOnce, () => echo.ask<number>({ n: 1 })),
    [Symbol.asyncDispose]: () => system.terminate(),
  };
}

async function nact(atOnce: number): Promise<Contender> {
  const { dispatch, query, spawn, start, stop } = await import('nact');
  const system = start();
  const echo = spawn(system, (_state: unknown, [n, replyTo]: any) => dispatch(replyTo, n));
  return {
    measure: () => inRounds(atOnce, () => query(echo, (me: any) => [1, me], PATIENCE_MS)),
    [Symbol.asyncDispose]: async () => stop(system),
  };
}

async function inRounds(atOnce: number, ask: () => Promise<unknown>): Promise<number> {
  return perSecond(ROUNDS * atOnce, async () => {
    for (let i = 0; i < ROUNDS; i++) {
      if (atOnce === 1) await ask();
      else await Promise.all(Array.from({ length: atOnce }, ask));
    }
  });
}

const row = (name: string, what: string, atOnce: number, value: number): Row => ({
  ...{ name, what, unit: '/s', target: { value } },
  contenders: {
    reference: async () => reference(atOnce),
    ours: async () => ours(atOnce),
    nact: () => nact(atOnce),
  },
});

export const ask = row('ask', 'ask, one at a time', 1, 1_000_000);
export const asks = row('asks', 'ask, 100 at a time', 100, 1_500_000);

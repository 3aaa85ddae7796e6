// Actors that are started and do nothing.
import { Actor, ActorSystem, Props } from 'actor-ts';
import { type Contender, perSecond, type Row } from './Row.ts';

const MANY = 2000;
const CROWD = 100_000;

class Idle extends Actor<never> {
  onReceive(): void {}
}
const props = Props.create(() => new Idle());

async function ours(): Promise<Contender> {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const measure = () =>
    perSecond(MANY, () => {
      const refs = Array.from({ length: MANY }, () => system.spawnAnonymous(props));
      for (const ref of refs) system.stop(ref);
    });
  return { measure, [Symbol.asyncDispose]: () => system.terminate() };
}

async function nact(): Promise<Contender> {
  const nact = await import('nact');
  const system = nact.start();
  let n = 0; // the names that nact makes up repeat
  const measure = () =>
    perSecond(MANY, () => {
      const refs = Array.from({ length: MANY }, () =>
        nact.spawnStateless(system, () => {}, `idle-${n++}`),
      );
      for (const ref of refs) nact.stop(ref);
    });
  return { measure, [Symbol.asyncDispose]: async () => nact.stop(system) };
}

export const spawn: Row = {
  ...{ name: 'spawn', what: 'actors started and stopped', unit: '/s' },
  target: { of: 'nact', ratio: 1.5 },
  contenders: { ours, nact },
};

async function idleOurs(): Promise<Contender> {
  const system = ActorSystem.create('bench', { logLevel: 'silent' });
  const measure = () =>
    heapOfEach(
      () => system.spawnAnonymous(props),
      (ref) => system.stop(ref),
    );
  return { measure, [Symbol.asyncDispose]: () => system.terminate() };
}

async function idleNact(): Promise<Contender> {
  const nact = await import('nact');
  const system = nact.start();
  let n = 0;
  const start = () => nact.spawnStateless(system, () => {}, `idle-${n++}`);
  const measure = () => heapOfEach(start, nact.stop);
  return { measure, [Symbol.asyncDispose]: async () => nact.stop(system) };
}

/** Bytes of heap that each of many actors takes, once it has been started. */
async function heapOfEach<Ref>(start: () => Ref, stop: (ref: Ref) => void): Promise<number> {
  const used = async () => {
    await new Promise(setImmediate);
    globalThis.gc!();
    return process.memoryUsage().heapUsed;
  };
  const refs: Ref[] = new Array(CROWD);
  const before = await used();
  for (let i = 0; i < CROWD; i++) refs[i] = start();
  const bytes = ((await used()) - before) / CROWD;
  for (const ref of refs) stop(ref);
  await used();
  return bytes;
}

export const idle: Row = {
  ...{ name: 'idle', what: 'heap of an idle actor', unit: 'bytes', target: { value: 0.6 * 1024 } },
  contenders: { ours: idleOurs, nact: idleNact },
};

// What is done to the three nodes, and what must hold afterwards.
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeProcess } from './NodeProcess.ts';
import { nameOf } from './NodeProcess.ts';
import type { Trio, TrioOptions } from './Trio.ts';

/** What has happened, in milliseconds since 1970. */
export interface Event {
  readonly at: number;
  /** From here on the 5 s count. */
  readonly over: number;
  /** Those whose asks must be answered in the end; `untouched` ones also tell how long it took. */
  readonly live: readonly NodeProcess[];
  readonly untouched: readonly NodeProcess[];
}

export interface Scenario {
  /** For `--only`. */
  readonly key: string;
  readonly name: string;
  readonly needsCut?: boolean;
  readonly options?: Omit<TrioOptions, 'logs'>;
  /** Not one ask may go without an answer from the event to the end. */
  readonly mayLoseNone?: boolean;
  /** While the event lasts: everything answers the untouched nodes, from one place, after so long. */
  readonly servedAfterMs?: number;
  run(trio: Trio, trial: number): Promise<Event>;
}

/** A killed node is started again at once, in the next trial a little later, then after removal. */
const RESTART_AFTER_MS = [0, 1000, 4000];
const CUT_MS = 10_000;

type Role = 'worker' | 'leader';
const ROLES: readonly Role[] = ['worker', 'leader'];

function restart(
  key: string,
  name: string,
  role: Role,
  seeds: 'first settings' | 'peers',
  options?: Scenario['options'],
): Scenario {
  return {
    key,
    name,
    options,
    async run(trio, trial) {
      const victim = trio[role];
      const untouched = trio.nodes.filter((node) => node !== victim);
      const at = Date.now();
      await victim.kill();
      await delay(RESTART_AFTER_MS[trial % RESTART_AFTER_MS.length]);
      const peers = untouched.map(({ settings }) => nameOf(settings));
      const again = await trio.restart(victim, seeds === 'peers' ? peers : trio.seeds);
      return { at, over: again.upAt!, live: [...untouched, again], untouched };
    },
  };
}

function join(which: 'lower' | 'higher'): Scenario {
  return {
    key: `join-${which}`,
    name: `a fourth node joins with a ${which} address`,
    async run(trio) {
      const untouched = [...trio.nodes];
      const at = Date.now();
      const fourth = trio.add(which === 'lower' ? trio.lowerPlace : trio.higherPlace);
      const over = await fourth.untilUp();
      trio.askFrom(fourth);
      return { at, over, live: [...untouched, fourth], untouched };
    },
  };
}

function stop(role: Role, ms: number): Scenario {
  return {
    key: `stop-${role}-${ms / 1000}s`,
    name: `SIGSTOP of ${role === 'leader' ? 'the leader' : 'a worker'} for ${ms / 1000} s`,
    servedAfterMs: ms >= 30_000 ? 10_000 : undefined,
    async run(trio) {
      const victim = trio[role];
      const untouched = trio.nodes.filter((node) => node !== victim);
      const at = Date.now();
      victim.signal('SIGSTOP');
      await delay(ms);
      victim.signal('SIGCONT');
      return { at, over: Date.now(), live: trio.nodes, untouched };
    },
  };
}

function leave(role: Role, asksToTheEnd: boolean): Scenario {
  const who = role === 'leader' ? 'the leader' : 'a worker';
  return {
    key: `leave-${role}${asksToTheEnd ? '-asking' : ''}`,
    name: `SIGTERM of ${who}${asksToTheEnd ? ', which asks while it leaves' : ''}`,
    options: { asksToTheEnd, askTimeoutMs: 5000 },
    mayLoseNone: true,
    async run(trio) {
      const victim = trio[role];
      const untouched = trio.nodes.filter((node) => node !== victim);
      const at = Date.now();
      victim.signal('SIGTERM');
      const code = await victim.exit();
      if (code !== 0) throw new Error(`told to leave, ${victim.name} ended with code ${code}`);
      return { at, over: Date.now(), live: untouched, untouched };
    },
  };
}

function cut(role: Role): Scenario {
  return {
    key: `cut-${role}`,
    name: `10 s cut of ${role === 'leader' ? "the leader's" : "a worker's"} links`,
    needsCut: true,
    async run(trio) {
      const victim = trio[role];
      const untouched = trio.nodes.filter((node) => node !== victim);
      const at = Date.now();
      await trio.cut(victim);
      await delay(CUT_MS);
      await trio.heal(victim);
      return { at, over: Date.now(), live: trio.nodes, untouched };
    },
  };
}

export const SCENARIOS: readonly Scenario[] = [
  restart('restart-worker', 'kill -9 and restart of a worker', 'worker', 'first settings'),
  restart(
    'restart-leader',
    'kill -9 and restart of the leader, its own only seed',
    'leader',
    'first settings',
  ),
  restart(
    'restart-leader-all',
    'kill -9 and restart of the leader, same three seeds everywhere',
    'leader',
    'first settings',
    { seeds: 'all' },
  ),
  restart(
    'restart-leader-peers',
    'kill -9 and restart of the leader, its peers as seeds',
    'leader',
    'peers',
  ),
  join('lower'),
  join('higher'),
  ...[3500, 8000, 30_000].flatMap((ms) => ROLES.map((role) => stop(role, ms))),
  ...[false, true].flatMap((toTheEnd) => ROLES.map((role) => leave(role, toTheEnd))),
  ...ROLES.map(cut),
];

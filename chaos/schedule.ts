// When what happens to whom, from a seed alone. Pure.
//
// What takes a node away happens one after the other, with a quiet time between in which acks have to
// come back: the chat bears the loss of one node of three. What takes none happens beside.
import type { Fault } from './faults/Fault.ts';
import { between, pick, type Random, randomFrom, shuffled } from './random.ts';

export type FaultKind = Pick<Fault, 'name' | 'lastsMs' | 'on' | 'isBeside' | 'isNeeded'>;

export interface Planned {
  readonly name: string;
  /** `node1`, `leader`, `owner of <room>` or `all`: who that is turns out when it happens. */
  readonly target: string;
  /** Milliseconds after the clients have begun to talk. */
  readonly atMs: number;
  readonly forMs: number;
}

export interface Schedule {
  readonly seed: number;
  readonly totalMs: number;
  /** One after the other. */
  readonly main: readonly Planned[];
  /** One after the other, whatever of `main` happens meanwhile. */
  readonly beside: readonly Planned[];
}

const DEFAULT_LASTS_MS = [8000, 12_000] as const;
const WARM_UP_MS = 4000;
/** What happens beside does not begin with the rest, but soon after. */
const BESIDE_AFTER_MS = 1000;
/** From the end of a fault: for a node that comes back, and for acks. */
const QUIET_MS = 6000;
const BETWEEN_BESIDE_MS = [4000, 12_000] as const;

/** Nothing is planned of what does not fit into the time. */
export function schedule(
  seed: number,
  minutes: number,
  kinds: readonly FaultKind[],
  { nodes, rooms }: { readonly nodes: readonly string[]; readonly rooms: readonly string[] },
): Schedule {
  const random = randomFrom(seed);
  const totalMs = Math.round(minutes * 60_000);
  const draw = (kind: FaultKind): Omit<Planned, 'atMs'> => ({
    name: kind.name,
    target: targetOf(kind, random, nodes, rooms),
    forMs: between(random, kind.lastsMs ?? DEFAULT_LASTS_MS),
  });
  const sorted = [...kinds].sort((one, other) => (one.name < other.name ? -1 : 1));
  const [beside, main] = [true, false].map((is) =>
    sorted.filter((k) => (k.isBeside ?? false) === is),
  );
  const quiet = () => QUIET_MS;
  const pauses = () => between(random, BETWEEN_BESIDE_MS);
  const planned = {
    main: inARow(0, shuffled(random, fitting(main!, random, totalMs, QUIET_MS, draw)), quiet),
    beside: inARow(
      BESIDE_AFTER_MS,
      fitting(beside!, random, totalMs, BETWEEN_BESIDE_MS[1], draw),
      pauses,
    ),
  };
  return { seed, totalMs, ...planned };
}

/** Each kind once, those that are needed first, and again for as long as there is time. */
function fitting(
  kinds: readonly FaultKind[],
  random: Random,
  totalMs: number,
  restMs: number,
  draw: (kind: FaultKind) => Omit<Planned, 'atMs'>,
): Omit<Planned, 'atMs'>[] {
  const chosen: Omit<Planned, 'atMs'>[] = [];
  let leftMs = totalMs - WARM_UP_MS;
  for (let before = -1; before < chosen.length; ) {
    before = chosen.length;
    const needed = (kind: FaultKind) => (kind.isNeeded && chosen.length === 0 ? 0 : 1);
    const order = shuffled(random, kinds).sort((one, other) => needed(one) - needed(other));
    for (const kind of order) {
      const fault = draw(kind);
      if (fault.forMs + restMs > leftMs) continue;
      leftMs -= fault.forMs + restMs;
      chosen.push(fault);
    }
  }
  return chosen;
}

function inARow(
  afterMs: number,
  faults: readonly Omit<Planned, 'atMs'>[],
  restMs: () => number,
): Planned[] {
  let atMs = WARM_UP_MS + afterMs;
  return faults.map((fault) => {
    const planned = { ...fault, atMs };
    atMs += fault.forMs + restMs();
    return planned;
  });
}

function targetOf(
  { on = 'node' }: FaultKind,
  random: Random,
  nodes: readonly string[],
  rooms: readonly string[],
): string {
  if (on === 'all') return 'all';
  const owner = `owner of ${pick(random, rooms)}`;
  if (on === 'owner') return owner;
  return pick(random, [owner, owner, 'leader', pick(random, nodes)]);
}

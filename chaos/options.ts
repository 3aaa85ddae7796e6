// What the command line says.
import { parseArgs } from 'node:util';
import type { Fault } from './faults/Fault.ts';
import { FAULTS, faultsNamed } from './faults/index.ts';
import { isSafety, ROLES, SAFETIES, type Safety } from './safeties.ts';

const DRIVERS = ['processes', 'namespaces', 'containers'] as const;
export type DriverName = (typeof DRIVERS)[number];

/** Messages a second of each client, as many as one machine with all of it carries easily. */
const RATES: Readonly<Record<string, number>> = { sqlite: 5, cassandra: 2 };

export interface Options {
  readonly seeds: readonly number[];
  readonly minutes: number;
  readonly faults: readonly Fault[];
  /** Whether they were named; of those that were not, what cannot happen here is left out. */
  readonly areFaultsNamed: boolean;
  /** Messages a second of each client. */
  readonly rate: number;
  readonly driver: DriverName;
  /** Whether the journal is Cassandra; with containers only. */
  readonly isOnCassandra: boolean;
  readonly without: Safety | null;
  readonly mayLeaveUnexercised: boolean;
  /** Whether the check is tried: each safety is taken out in turn. */
  readonly isSelfTest: boolean;
  /** Whether docs/reliability.md is written. */
  readonly isReported: boolean;
}

export class OptionError extends Error {}

export const USAGE = `npm run chaos -- [--seed 1 | --seeds 1..20] [--minutes 1] [--faults kill,pause,…] [--rate 5]
  [--driver ${DRIVERS.join('|')}] [--journal sqlite|cassandra] [--without ${SAFETIES.join('|')}]
  [--allow-unexercised] [--report]
npm run chaos -- --self-test [--seed 1] [--report]`;

/** @throws OptionError naming the option, what it got and what it takes */
export function parseOptions(args: readonly string[]): Options {
  const values = valuesOf(args);
  const without = values.without ?? null;
  if (without !== null && !isSafety(without)) bad('without', without, SAFETIES.join(', '));
  const { driver, journal } = values;
  if (!DRIVERS.includes(driver as DriverName)) bad('driver', driver, DRIVERS.join(', '));
  if (!/^(sqlite|cassandra)$/.test(journal)) bad('journal', journal, 'sqlite, cassandra');
  if (journal === 'cassandra' && driver !== 'containers') {
    bad('journal', journal, 'cassandra with --driver containers only');
  }
  const names = values.faults?.split(',') ?? (without === null ? null : ROLES[without].neededBy);
  return {
    seeds: values.seeds === undefined ? [whole('seed', values.seed)] : range(values.seeds),
    minutes: number('minutes', values.minutes ?? (without === null ? '1' : '0.5'), 0.5, 240),
    faults: names === null ? FAULTS : named(names),
    areFaultsNamed: names !== null,
    rate: values.rate === undefined ? RATES[journal]! : number('rate', values.rate, 0.1, 15),
    driver: driver as DriverName,
    isOnCassandra: journal === 'cassandra',
    without,
    mayLeaveUnexercised: values['allow-unexercised'],
    isSelfTest: values['self-test'],
    isReported: values.report,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string' },
        minutes: { type: 'string' },
        faults: { type: 'string' },
        rate: { type: 'string' },
        driver: { type: 'string', default: 'processes' },
        journal: { type: 'string', default: 'sqlite' },
        without: { type: 'string' },
        'allow-unexercised': { type: 'boolean', default: false },
        'self-test': { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

function named(names: readonly string[]): Fault[] {
  try {
    return faultsNamed(names);
  } catch (error) {
    throw new OptionError(`--faults: ${(error as Error).message}`);
  }
}

function range(text: string): number[] {
  const [from, to] = /^(\d+)\.\.(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (from === undefined || to === undefined || to < from) bad('seeds', text, 'a range like 1..20');
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function whole(name: string, text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : bad(name, text, 'a whole number from 0');
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  return value >= least && value <= most ? value : bad(name, text, `${least} to ${most}`);
}

function bad(name: string, got: string, takes: string): never {
  throw new OptionError(`--${name} takes ${takes}, got ${got}`);
}

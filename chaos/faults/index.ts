// All faults by name, and the groups that a command line may name instead.
import { clients } from './clients.ts';
import { database } from './database.ts';
import { door } from './door.ts';
import type { Fault } from './Fault.ts';
import { links } from './links.ts';
import { news } from './news.ts';
import { restarts } from './restarts.ts';
import { signals } from './signals.ts';

export const FAULTS: readonly Fault[] = [
  ...signals,
  ...restarts,
  ...links,
  ...news,
  ...clients,
  ...door,
  ...database,
];

/**
 * `pause` stands for all whose name is `pause` or begins with `pause-`.
 * @throws Error when a name stands for none
 */
export function faultsNamed(names: readonly string[]): Fault[] {
  const chosen = new Set<Fault>();
  for (const name of names) {
    const meant = FAULTS.filter(
      (fault) => fault.name === name || fault.name.startsWith(`${name}-`),
    );
    if (meant.length === 0) {
      const known = FAULTS.map((fault) => fault.name).join(', ');
      throw new Error(`there is no fault ${name}; there are ${known}`);
    }
    for (const fault of meant) chosen.add(fault);
  }
  return [...chosen];
}

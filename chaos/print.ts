// A run's report in words.
import type { SeedReport } from './runSeed.ts';

const SHOWN = 5;

export function isGreen(
  { findings, exercised }: SeedReport,
  mayLeaveUnexercised: boolean,
): boolean {
  return findings.length === 0 && (mayLeaveUnexercised || exercised.missing.length === 0);
}

export function inWords(report: SeedReport, mayLeaveUnexercised: boolean): string {
  const { counts, exercised, seed, dir } = report;
  const { sent, acked, unknown, refused, pushed, resumed } = counts;
  return [
    `seed ${seed}: ${sent} messages sent, ${acked} acked, ${counts.inJournal} in the journal; ` +
      `${unknown} sendings of unknown outcome, ${refused} refused; ${pushed} pushed, ${resumed} resumes`,
    `exercised: ${exercised.staleWritesRefused} stale writes refused, ${exercised.gapsRepaired} gaps ` +
      `repaired, ${exercised.repeatsAcked} repeats acked`,
    ...silences(report),
    ...exercised.missing.map((what) => `NOT EXERCISED: ${what}`),
    ...findings(report),
    `${isGreen(report, mayLeaveUnexercised) ? 'GREEN' : 'RED'}, kept in ${dir}`,
    `again: ${commandOf(report)}`,
  ].join('\n');
}

/** The command that repeats the run. */
export function commandOf(report: SeedReport): string {
  const { seed, minutes, rate, driver, journal, without, faults } = report;
  return [
    `npm run chaos -- --seed ${seed} --minutes ${minutes} --rate ${rate} --driver ${driver}`,
    ...(journal === 'sqlite' ? [] : [`--journal ${journal}`]),
    ...(without === null ? [] : [`--without ${without}`]),
    ...(faults === null ? [] : [`--faults ${faults.join(',')}`]),
  ].join(' ');
}

function silences({ unavailability, exercised }: SeedReport): string[] {
  return Object.entries(exercised.acksDuring).map(([fault, acks]) => {
    const found = unavailability[fault];
    const times =
      found === undefined
        ? 'no room to measure'
        : `rooms acked again after p50 ${found.p50}, p99 ${found.p99}, max ${found.max} ms (${found.count})`;
    return `  ${fault}: ${acks} acks; ${times}`;
  });
}

function findings({ findings }: SeedReport): string[] {
  return [...Map.groupBy(findings, ({ kind }) => kind)].flatMap(([kind, ofKind]) => [
    `FOUND ${kind}: ${ofKind.length}`,
    ...ofKind.slice(0, SHOWN).map(({ what }) => `  ${what}`),
    ...(ofKind.length > SHOWN ? ['  …'] : []),
  ]);
}

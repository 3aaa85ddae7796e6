// One trial: three nodes, the event, the watch afterwards, the verdict.
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { backAfter, everTwice, judgeWindow, lostBetween, settledAfter } from './judge.ts';
import { loopback } from './Network.ts';
import { namespaces } from './namespaces.ts';
import type { Event, Scenario } from './scenarios.ts';
import { Trio } from './Trio.ts';

const CALM_AFTER_MS = 5000;
const JUDGED_MS = 3000;
/** What a node knows reaches us with its next report. */
const REPORT_MS = 500;
const PLACES = 5;

export interface Trial {
  readonly asks: number;
  /** Numbers of entities, in the window from 5 s after the event, and while it lasted. */
  readonly twice: number;
  readonly unavailable: number;
  /** Asks in that window without an answer; for an event that may lose none, since its begin. */
  readonly lost: number;
  /** Milliseconds, see judge.ts. */
  readonly backAfterMs: number;
  readonly settledAfterMs: number;
  /** Entities of which two instances ever lived side by side. */
  readonly everTwice: number;
  /** Milliseconds from the end of the event to the last answer that one gave beside another. */
  readonly twiceUntilMs: number;
  /** Entities on each process in the end, fewest first. */
  readonly homes: readonly number[];
  readonly faults: readonly string[];
}

/** @throws Error when the nodes do not form a cluster, or do not come up again */
export async function runTrial(
  scenario: Scenario,
  number: number,
  logs: string | null,
): Promise<Trial> {
  const folder = logs && `${logs}/${scenario.key}-${number + 1}`;
  if (folder) await mkdir(folder, { recursive: true });
  await using network = await (scenario.needsCut ? namespaces(PLACES) : loopback(PLACES));
  await using trio = new Trio(network, { ...scenario.options, logs: folder });
  await trio.start();
  const event = await scenario.run(trio, number);
  const timeoutMs = scenario.options?.askTimeoutMs ?? 1000;
  const end = event.over + CALM_AFTER_MS + JUDGED_MS;
  await delay(end + timeoutMs + REPORT_MS - Date.now());
  return verdict(scenario, trio, event, end);
}

function verdict(scenario: Scenario, { asks }: Trio, event: Event, end: number): Trial {
  const live = event.live.map(({ name }) => name);
  const untouched = event.untouched.map(({ name }) => name);
  const afterwards = { start: event.over + CALM_AFTER_MS, end, live };
  const judged = judgeWindow(asks, afterwards);
  const faults: string[] = [];
  const judgements = [judged];
  if (scenario.servedAfterMs !== undefined) {
    const start = event.at + scenario.servedAfterMs;
    judgements.push(judgeWindow(asks, { start, end: event.over - 1000, live: untouched }));
  }
  const [twice, unavailable] = (['twice', 'unavailable'] as const).map((what) => [
    ...new Set(judgements.flatMap((window) => window[what])),
  ]) as [number[], number[]];
  if (twice.length > 0) faults.push(`answered twice: ${twice.join(' ')}`);
  if (unavailable.length > 0) faults.push(`unavailable: ${unavailable.join(' ')}`);
  const lost = scenario.mayLoseNone ? lostBetween(asks, event.at - 1000, end) : judged.lost;
  if (scenario.mayLoseNone && lost > 0) faults.push(`${lost} asks lost`);
  const seen = asks.filter(({ askedAt }) => askedAt < end);
  const doubled = everTwice(seen, event.at);
  return {
    asks: seen.length,
    twice: twice.length,
    unavailable: unavailable.length,
    lost,
    backAfterMs: backAfter(seen, event.at, untouched),
    settledAfterMs: settledAfter(seen, event.over),
    everTwice: doubled.size,
    twiceUntilMs: Math.max(0, ...[...doubled.values()].map((at) => at - event.over)),
    homes: judged.homes,
    faults,
  };
}

// One node under hostile input over real sockets, while others go on talking in a room of it. What the
// others notice, what the node says, and what it still holds on to afterwards belong to the outcome.
import { until } from 'actor-ts/testkit';
import fc from 'fast-check';
import { Conversation } from '../harness/Conversation.ts';
import { GoodClient } from '../harness/GoodClient.ts';
import { fresh, Login } from '../harness/Login.ts';
import type { Outcome, Plan } from './Surface.ts';
import { Tally } from './Tally.ts';
import { type LogLine, Victim } from './Victim.ts';

const WITNESSES = 2;
const AT_ONCE = 16;
const CHUNK = 500;
/** What was held is let go by then: sockets are closed, garbage is collected. */
const CALM_WITHIN_MS = 20_000;
/** Longer than any good client may have to wait for an ack while others misbehave, in milliseconds. */
const NOTICED_AFTER_MS = 10_000;

export interface Siege<T> {
  /** Inputs that are tried first, each time. */
  readonly examples: readonly T[];
  readonly inputs: fc.Arbitrary<T>;
  readonly mayGrowBytes: number;
  /**
   * Hands one input over: returns the name by which it was refused, or null when it was taken.
   * Whatever it throws has no name.
   */
  try(victim: Victim, input: T): Promise<string | null>;
  /** Whether a warning or an error in the log has a name: by default only what has a code. */
  isNamed?(line: LogLine): boolean;
}

export async function besiege<T>(plan: Plan, siege: Siege<T>): Promise<Outcome> {
  await using victim = await Victim.start();
  const tally = new Tally();
  const conversation = await witnesses(victim);
  await conversation.goesOn();
  const before = await victim.measure();

  for (let round = 0; tally.inputs < plan.inputs && victim.ended === null; round++) {
    const numRuns = Math.min(CHUNK, plan.inputs - tally.inputs);
    const made = fc.sample(siege.inputs, { numRuns, seed: plan.seed + round });
    const inputs = round === 0 ? [...siege.examples, ...made] : made;
    await eachOf(inputs, AT_ONCE, async (input) => {
      try {
        const name = await siege.try(victim, input);
        if (name === null) tally.accept();
        else tally.reject(name);
      } catch (error) {
        tally.fault(String(error), input);
      }
    });
  }

  if (victim.ended !== null) tally.fault(`the node ended: ${victim.ended}`, victim.output());
  else await stillWell(victim, conversation, tally);
  for (const outcry of victim.outcries) tally.fault('the node said', outcry);
  const complaints = complaintsOf(victim, siege, tally);
  const grownBytes = victim.ended === null ? await grown(victim, before.heldBytes, siege) : 0;
  const waits = conversation.people.flatMap(({ acked }) => [...acked.values()]);
  const slowestAckMs = Math.max(...waits.map(({ afterMs }) => afterMs));
  if (slowestAckMs > NOTICED_AFTER_MS) tally.fault('others had to wait', slowestAckMs);
  for (const person of conversation.people) person.end();
  return { tally, grownBytes, peakBytes: victim.peakResidentBytes, slowestAckMs, complaints };
}

async function witnesses(victim: Victim): Promise<Conversation> {
  const { node } = victim;
  const logins = await Promise.all(
    Array.from({ length: WITNESSES }, () => Login.as(fresh('witness'), node)),
  );
  const people = logins.map((login) => new GoodClient(login, [node], 0));
  return Conversation.begin(people, [fresh('square')], logins[0]!);
}

/** The others went on, on the same connections, and have seen all that was said. */
async function stillWell(victim: Victim, conversation: Conversation, tally: Tally): Promise<void> {
  try {
    await conversation.goesOn();
    await conversation.stop();
    await conversation.check();
  } catch (error) {
    tally.fault(`the others noticed: ${String(error)}`, victim.output());
  }
  for (const { connections, user } of conversation.people) {
    if (connections > 1) tally.fault('a good client was disconnected', user);
  }
}

function complaintsOf<T>(victim: Victim, siege: Siege<T>, tally: Tally): Map<string, number> {
  const complaints = new Map<string, number>();
  for (const line of victim.complaints) {
    const code = line.error?.code ?? line.err?.code ?? line.code;
    const name = line.error?.reason ?? code ?? line.msg.replace(/'.*'/s, '…');
    complaints.set(name, (complaints.get(name) ?? 0) + 1);
    if (code === undefined && siege.isNamed?.(line) !== true)
      tally.fault('logged without a code', line);
  }
  return complaints;
}

/** Memory comes back within a while; what stays is what has grown. */
async function grown<T>(victim: Victim, before: number, siege: Siege<T>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  const isCalm = async () => {
    const { heldBytes } = await victim.measure();
    least = Math.min(least, heldBytes - before);
    return least < siege.mayGrowBytes / 2;
  };
  await until(isCalm, { timeoutMs: CALM_WITHIN_MS, everyMs: 250 }).catch(() => undefined);
  return least;
}

/** `use` for every input, so many at a time. */
async function eachOf<T>(
  inputs: readonly T[],
  atOnce: number,
  use: (input: T) => Promise<void>,
): Promise<void> {
  const left = inputs.values();
  const worker = async () => {
    for (const input of left) await use(input);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

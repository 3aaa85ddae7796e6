// How long a room is without an answer when a node goes: killed, told to stop, frozen. Three real
// nodes, a message every 60 ms into a room on the node that goes and into one elsewhere. Everything
// acked is looked for afterwards, in the history and in what the clients were pushed.
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { until } from 'actor-ts/testkit';
import type { TestCluster, TestNode } from '../tests/harness/Driver.ts';
import { GoodClient } from '../tests/harness/GoodClient.ts';
import { fresh, Login } from '../tests/harness/Login.ts';
import { processes } from '../tests/harness/processes.ts';
import { membersUp } from '../tests/harness/waiting.ts';
import { findFaults } from './audit.ts';
import { OptionError, optionsOf, whole } from './commandLine.ts';
import { percentile } from './percentile.ts';

const SAY_EVERY_MS = 60;
const TALK_FIRST_MS = 500;
const WITHIN_MS = 40_000;
const REPORT = fileURLToPath(new URL('../docs/failover.md', import.meta.url));

interface Way {
  readonly name: string;
  readonly allowedMs: number;
  readonly victim: 'leader' | 'worker';
  go(node: TestNode): unknown;
  comeBack(node: TestNode): unknown;
}

const killed = {
  allowedMs: 2500,
  go: (n: TestNode) => n.kill(),
  comeBack: (n: TestNode) => n.start(),
};
const stopped = {
  allowedMs: 1000,
  go: (n: TestNode) => n.stop(),
  comeBack: (n: TestNode) => n.start(),
};
const frozen = {
  allowedMs: 10_000,
  go: (n: TestNode) => n.pause(),
  comeBack: (n: TestNode) => n.resume(),
};
const WAYS: readonly Way[] = [
  { name: 'kill -9 of a worker', victim: 'worker', ...killed },
  { name: 'kill -9 of the leader', victim: 'leader', ...killed },
  { name: 'SIGTERM of a worker', victim: 'worker', ...stopped },
  { name: 'SIGTERM of the leader', victim: 'leader', ...stopped },
  { name: 'SIGSTOP of a worker', victim: 'worker', ...frozen },
  { name: 'SIGSTOP of the leader', victim: 'leader', ...frozen },
];

/** Milliseconds from the event to the ack of the first message sent after it. */
interface Trial {
  readonly onVictim: number;
  readonly elsewhere: number;
  readonly acked: number;
  readonly faults: readonly string[];
}

async function leaderOf(cluster: TestCluster): Promise<TestNode> {
  const running = cluster.nodes.find((node) => node.isRunning)!;
  const response = await fetch(`${running.management}/cluster/members`);
  const { leader } = (await response.json()) as { leader: string };
  const found = await Promise.all(
    cluster.nodes.map(async (node) => {
      const members = await fetch(`${node.management}/cluster/members`);
      return ((await members.json()) as { self: string }).self === leader ? node : null;
    }),
  );
  return found.find((node) => node !== null)!;
}

/** A room that lives on one of `names`; as many users as it takes, because each has its limits. */
async function roomOn(names: readonly string[], node: TestNode): Promise<string> {
  for (;;) {
    const prober = await Login.as(fresh('probe'), node);
    for (let i = 0; i < 40; i++) {
      const room = fresh('room');
      const { status, body } = await prober.post(room, 'probe', 'probe');
      if (status === 201 && names.includes(body.node)) return room;
    }
  }
}

async function runTrial(cluster: TestCluster, way: Way): Promise<Trial> {
  const { nodes } = cluster;
  const leader = await leaderOf(cluster);
  const victim = way.victim === 'leader' ? leader : nodes.find((node) => node !== leader)!;
  const others = nodes.filter((node) => node !== victim);
  const rooms = [
    await roomOn([victim.name], others[0]!),
    await roomOn(
      others.map(({ name }) => name),
      others[0]!,
    ),
  ] as const;
  const people = await Promise.all(
    others.map(
      async (node) =>
        new GoodClient(await Login.as(fresh('talker'), node), others, others.indexOf(node)),
    ),
  );
  await Promise.all(people.flatMap((person) => rooms.map((room) => person.join(room))));

  let talking = true;
  const firstAfter = new Map<string, string>(); // `person room` → id of the first message after the event
  let happened = false;
  const talk = people.map(async (person, index) => {
    while (talking) {
      for (const room of rooms) {
        if (person.waiting > 80) continue; // at the limit of what may wait: a long silence
        const id = person.say(room, `message ${person.acked.size}`);
        const key = `${index} ${room}`;
        if (happened && !firstAfter.has(key)) firstAfter.set(key, id);
      }
      // Both rooms together stay under the limit of 20 messages a second for each of them.
      await delay(SAY_EVERY_MS * people.length);
    }
  });
  await delay(TALK_FIRST_MS);
  const at = performance.now();
  happened = true;
  const gone = Promise.resolve(way.go(victim));
  const isAcked = (person: GoodClient, index: number, room: string) =>
    person.acked.has(firstAfter.get(`${index} ${room}`) ?? '');
  await until(() => people.every((person, i) => rooms.every((room) => isAcked(person, i, room))), {
    what: `acks after ${way.name}`,
    timeoutMs: WITHIN_MS,
  });
  const recovered = (room: string) =>
    Math.max(
      ...people.map((person, i) => person.acked.get(firstAfter.get(`${i} ${room}`)!)!.at - at),
    );
  const times = { onVictim: recovered(rooms[0]), elsewhere: recovered(rooms[1]) };
  talking = false;
  await Promise.all(talk);
  await Promise.all(people.map((person) => person.quiet()));
  await gone;
  await way.comeBack(victim);
  const faults = await findFaults(people, rooms, others[0]!);
  for (const person of people) person.end();
  await until(async () => (await membersUp(others[0]!)) === nodes.length, {
    what: 'all members up again',
    timeoutMs: WITHIN_MS,
  });
  const acked = people.reduce((sum, person) => sum + person.acked.size, 0);
  return { ...times, acked, faults };
}

function row(way: Way, trials: readonly Trial[]): string {
  const cells = (values: readonly number[]) =>
    [0.5, 0.99, 1].map((share) => Math.round(percentile(values, share)).toString());
  const acked = trials.reduce((sum, trial) => sum + trial.acked, 0);
  const faults = trials.flatMap((trial) => trial.faults);
  const onVictim = trials.map((trial) => trial.onVictim);
  const verdict = percentile(onVictim, 0.99) <= way.allowedMs ? 'yes' : '**no**';
  return `| ${[
    way.name,
    trials.length,
    ...cells(onVictim),
    ...cells(trials.map((trial) => trial.elsewhere)),
    way.allowedMs,
    verdict,
    acked,
    faults.length,
  ].join(' | ')} |`;
}

const USAGE = `npm run failover                          20 trials of each, writes docs/failover.md
npm run failover -- --trials 3 --dry      writes nothing
npm run failover -- --only SIGTERM --dry  those in whose name it is`;

const { args, trialCount, ways } = optionsOf(USAGE, () => {
  const { values } = parseArgs({
    options: {
      trials: { type: 'string', default: '20' },
      dry: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
    },
  });
  const asked = WAYS.filter(({ name }) => name.includes(values.only));
  if (asked.length === 0) {
    throw new OptionError(`--only takes a part of: ${WAYS.map(({ name }) => name).join(', ')}`);
  }
  return { args: values, trialCount: whole('trials', values.trials), ways: asked };
});
const rows: string[] = [];
const allFaults: string[] = [];
for (const way of ways) {
  await using cluster = await processes.startCluster(3);
  const trials: Trial[] = [];
  for (let i = 0; i < trialCount; i++) {
    try {
      trials.push(await runTrial(cluster, way));
    } catch (error) {
      console.error(cluster.output());
      throw error;
    }
    const { onVictim, elsewhere, faults } = trials.at(-1)!;
    console.log(
      `${way.name} ${i + 1}: ${Math.round(onVictim)} ms, elsewhere ${Math.round(elsewhere)} ms`,
    );
    allFaults.push(...faults);
    for (const fault of faults) console.log(`  ${fault}`);
  }
  rows.push(row(way, trials));
}
const [cpu] = cpus();
const report = `# When a node goes

Written by \`npm run failover\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpu?.model.trim()},
${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}. Three nodes with default settings, SQLite; two
clients on the nodes that stay send a message every ${SAY_EVERY_MS} ms to each of two rooms. Milliseconds from the
event to the ack of the first message sent after it, the slower client's. "Faults" counts acked
messages that are missing, doubled or out of order, in the history or at a client. Up to 120 ms of
each figure is the wait for the next message to be sent; a room elsewhere is silent too for a client
whose session lived on the node that went.

| event | trials | room on that node: p50 | p99 | max | room elsewhere: p50 | p99 | max | allowed | kept | acked | faults |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
console.log(report);
if (!args.dry) await writeFile(REPORT, report);
process.exitCode = allFaults.length === 0 ? 0 : 1;

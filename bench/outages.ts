// How long nobody is answered when something happens to the stack of step 6: three nodes, Cassandra and
// Nginx in containers, from the Compose file as it is. Two people talk through the front door all the
// time; what counts is the longest time in which nothing was acknowledged in their room. Everything
// acked is looked for afterwards. Takes about eight minutes.
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { until } from 'actor-ts/testkit';
import { table, writeSection, writtenBy } from '../docs/figures.ts';
import { ComposeStack } from '../tests/harness/containers/ComposeStack.ts';
import { GoodClient } from '../tests/harness/GoodClient.ts';
import { fresh, Login } from '../tests/harness/Login.ts';
import { findFaults } from './audit.ts';
import { optionsOf } from './commandLine.ts';

const REPO = fileURLToPath(new URL('../', import.meta.url));
const SAY_EVERY_MS = 200;
const TROUBLE_MS = 30_000;
const BACK_WITHIN_MS = 180_000;
const NODES = ['node1', 'node2', 'node3'];

interface Outage {
  readonly name: string;
  /** `owner`: the node that has the room. */
  readonly happen: (stack: ComposeStack, owner: string) => Promise<void>;
}

function cut(network: string, name: string): Outage {
  return {
    name,
    async happen(stack, owner) {
      const heal = await stack.service(owner).cutOff(network);
      await delay(TROUBLE_MS);
      await heal();
      await stack.service(owner).healthy();
    },
  };
}

const OUTAGES: readonly Outage[] = [
  { name: 'nothing, for half a minute', happen: () => delay(TROUBLE_MS) },
  ...NODES.map((name) => ({
    name: `\`docker kill\` of ${name}, and its start`,
    happen: async (stack: ComposeStack) => {
      await stack.service(name).kill();
      await delay(10_000);
      await stack.service(name).start();
    },
  })),
  {
    name: '`docker pause` of the node that has the room, for 30 s',
    happen: async (stack, owner) => {
      await stack.service(owner).pause();
      await delay(TROUBLE_MS);
      await stack.service(owner).resume();
      await stack.service(owner).healthy();
    },
  },
  cut('cluster', 'the node that has the room cut off from its peers for 30 s, not from Cassandra'),
  cut('database', 'the node that has the room cut off from Cassandra for 30 s, not from its peers'),
  ...[1, 2, 3].map((time) => ({
    name: `rolling restart of all three nodes, time ${time}`,
    happen: async (stack: ComposeStack) => {
      for (const name of NODES) {
        await stack.service(name).stop();
        await stack.service(name).start();
      }
    },
  })),
  {
    name: '`docker restart` of Cassandra',
    happen: async (stack) => {
      await stack.service('cassandra').stop();
      await stack.service('cassandra').start();
    },
  },
  { name: '`docker compose down`, then `up -d`', happen: (stack) => stack.restart() },
];

class Talk {
  readonly people: readonly GoodClient[];
  private readonly room: string;
  private readonly talking: Promise<unknown>;
  private over = false;

  private constructor(people: readonly GoodClient[], room: string) {
    this.people = people;
    this.room = room;
    this.talking = Promise.all(people.map((person) => this.talk(person)));
  }

  static async begin(stack: ComposeStack): Promise<Talk> {
    const door = stack.service('node1');
    const logins = await Promise.all(['ann', 'bob'].map((name) => Login.as(fresh(name), door)));
    const people = logins.map((login) => new GoodClient(login, [door], 0));
    const room = fresh('room');
    await Promise.all(people.map((person) => person.join(room)));
    return new Talk(people, room);
  }

  /** When something was acknowledged, to anybody, in order. */
  get acks(): readonly number[] {
    return this.answers.map(({ at }) => at);
  }

  /** The node that has the room, by the last answer from there. */
  get owner(): string {
    return this.answers.at(-1)!.node;
  }

  private get answers() {
    return this.people
      .flatMap(({ acked }) => [...acked.values()])
      .sort((one, other) => one.at - other.at);
  }

  /** Resolves once everybody has been acked again, for something said from now on. */
  async goesOn(): Promise<void> {
    const ids = this.people.map((person) => person.say(this.room, 'are we back?'));
    await until(() => this.people.every(({ acked }, i) => acked.has(ids[i]!)), {
      what: 'acks for everybody',
      timeoutMs: BACK_WITHIN_MS,
    });
  }

  /** Ends it. @returns what should not have happened */
  async end(stack: ComposeStack): Promise<readonly string[]> {
    this.over = true;
    await this.talking;
    await Promise.all(this.people.map((person) => person.quiet()));
    const faults = await findFaults(this.people, [this.room], stack.service('node1'));
    for (const person of this.people) person.end();
    return faults;
  }

  private async talk(person: GoodClient): Promise<void> {
    for (let i = 0; !this.over; i++) {
      if (person.waiting < 40) person.say(this.room, `${person.user} says ${i}`);
      await delay(SAY_EVERY_MS);
    }
  }
}

/** The longest time without an ack between two moments. */
function longestSilenceMs(acks: readonly number[], from: number, to: number): number {
  const moments = [from, ...acks.filter((at) => at > from && at < to), to];
  return Math.max(...moments.slice(1).map((at, i) => at - moments[i]!));
}

const USAGE = `npm run outages              writes the table in docs/operations.md
npm run outages -- --dry     writes nothing`;

const { values: args } = optionsOf(USAGE, () => {
  return parseArgs({ options: { dry: { type: 'boolean', default: false } } });
});
const rows: string[][] = [];
let acked = 0;
let faultCount = 0;
const startedAt = performance.now();
await using stack = await ComposeStack.up(`${REPO}solutions/06-cluster-compose`);
const upSeconds = (performance.now() - startedAt) / 1000;
for (const { name, happen } of OUTAGES) {
  const talk = await Talk.begin(stack);
  await talk.goesOn();
  const from = performance.now();
  await happen(stack, talk.owner);
  await talk.goesOn();
  const silence = longestSilenceMs(talk.acks, from, performance.now());
  const faults = await talk.end(stack);
  for (const fault of faults) console.log(`  ${fault}`);
  acked += talk.acks.length;
  faultCount += faults.length;
  rows.push([name, `${(silence / 1000).toFixed(1)} s`]);
  console.log(rows.at(-1)!.join(': '));
}
const text = `${writtenBy('npm run outages')} From nothing, images built, no volume,
the stack was up after ${Math.round(upSeconds)} s. ${acked} messages were acknowledged; afterwards ${faultCount}
were missing, doubled or out of place.

${table(['what', 'longest time in which nothing was acknowledged in the room'], rows)}`;
console.log(text);
if (!args.dry) await writeSection('operations.md', 'outages', text);
process.exitCode = faultCount === 0 ? 0 : 1;

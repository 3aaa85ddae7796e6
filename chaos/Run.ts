// One run: a cluster, its clients, the faults in their time, silence in the end, and the verdict.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from 'actor-ts/testkit';
import type { TestCluster } from '../tests/harness/Driver.ts';
import { membersOf } from '../tests/harness/places.ts';
import { membersUp } from '../tests/harness/waiting.ts';
import type { Client } from './Client.ts';
import { type Cast, gather } from './cast.ts';
import type { Finding } from './check/Finding.ts';
import { check, type Verdict } from './check.ts';
import type { Door } from './Door.ts';
import type { Fault } from './faults/Fault.ts';
import type { History, JournalEntry } from './History.ts';
import type { Options } from './options.ts';
import type { Poster } from './Poster.ts';
import { randomFrom } from './random.ts';
import { readJournal } from './readJournal.ts';
import type { Stage } from './Stage.ts';
import type { Planned, Schedule } from './schedule.ts';

export const ROOMS = ['room-1', 'room-2', 'room-3', 'room-4'] as const;
const WHOLE_WITHIN_MS = 60_000;
const ANSWER_WITHIN_MS = 2000;
const QUIET_WITHIN_MS = 45_000;
const CAUGHT_UP_WITHIN_MS = 20_000;
/** Of those times, for a chat that lacks a safety and may never come to rest. */
const LAMED = 0.25;

export class Run {
  private readonly options: Options;
  private readonly plan: Schedule;
  private readonly cluster: TestCluster;
  private readonly history: History;
  private readonly say: (line: string) => void;
  private readonly stage: Stage;
  private readonly clients: readonly Client[];
  private readonly posters: readonly Poster[];
  private readonly findings: Finding[] = [];
  /** History's time at which the clients began to talk. */
  private beganMs = 0;

  private constructor(given: Given, { clients, posters }: Cast) {
    const { cluster, door, options, plan, history, say } = given;
    this.options = options;
    this.plan = plan;
    this.cluster = cluster;
    this.history = history;
    this.say = say;
    this.clients = clients;
    this.posters = posters;
    const roomsOn = (node: string) => this.roomsOn(node);
    const random = randomFrom(plan.seed + 1);
    this.stage = { cluster, door, rooms: ROOMS, posters, random, say, roomsOn };
  }

  static async prepare(given: Given): Promise<Run> {
    return new Run(given, await gather(given, ROOMS));
  }

  /** @param dir where the journal's content is kept */
  async execute(dir: string): Promise<Verdict> {
    try {
      await Promise.all(this.clients.map((client) => client.join()));
      for (const client of this.clients) client.talk(this.options.rate);
      this.beganMs = this.history.now;
      await Promise.all([
        this.follow(this.plan.main),
        this.follow(this.plan.beside),
        delay(this.plan.totalMs),
      ]);
      return await this.judge(dir);
    } finally {
      for (const client of this.clients) client.end();
    }
  }

  // ---- faults -------------------------------------------------------------------------------------

  private async follow(faults: readonly Planned[]): Promise<void> {
    for (const planned of faults) {
      await delay(Math.max(0, this.beganMs + planned.atMs - this.history.now));
      const fault = this.options.faults.find(({ name }) => name === planned.name)!;
      const mayGoOn = fault.isBeside
        ? this.happen(fault, planned)
        : this.happenAlone(fault, planned);
      if (!(await mayGoOn)) return;
    }
  }

  /** @returns whether the cluster was whole before it and is again */
  private async happenAlone(fault: Fault, planned: Planned): Promise<boolean> {
    if (!(await this.isWhole(`before ${fault.name}`))) return false;
    if (!(await this.happen(fault, planned))) return false;
    const isWhole = await this.isWhole(`after ${fault.name}`);
    for (const client of this.clients) client.goHome();
    return isWhole;
  }

  /** @returns whether it went as it should: a node that does not come back, say, is a finding */
  private async happen(fault: Fault, planned: Planned): Promise<boolean> {
    try {
      await this.beginAndEnd(fault, planned);
      return true;
    } catch (error) {
      this.findings.push({ kind: 'not-whole', what: `${fault.name}: ${error}` });
      return false;
    }
  }

  private async beginAndEnd(fault: Fault, { target: meant, forMs }: Planned): Promise<void> {
    const { name, isBeside: beside = false, isTotal: total = false } = fault;
    const target = await this.resolve(meant);
    const about = { op: 'fault', name, target, beside, total } as const;
    this.say(`${name} of ${target}${target === meant ? '' : `, the ${meant}`}`);
    await fault.prepare?.(this.stage, target);
    const begun = this.history.now;
    this.history.record('runner', { ...about, phase: 'begin' });
    const end = await fault.begin(this.stage, target);
    await delay(Math.max(0, begun + forMs - this.history.now));
    await end();
    this.history.record('runner', { ...about, phase: 'end' });
  }

  /** Every node is a member in the eyes of all. When it does not come to that, it is a finding. */
  private async isWhole(when: string): Promise<boolean> {
    const { nodes } = this.cluster;
    const isWhole = async () => {
      const counts = await Promise.all(nodes.map((node) => inTime(membersUp(node))));
      return counts.every((count) => count === nodes.length);
    };
    try {
      await until(isWhole, { timeoutMs: WHOLE_WITHIN_MS, everyMs: 100 });
      return true;
    } catch (error) {
      this.findings.push({ kind: 'not-whole', what: `${when}: ${error}` });
      return false;
    }
  }

  private async resolve(target: string): Promise<string> {
    const room = /^owner of (.+)$/.exec(target)?.[1];
    if (room !== undefined) return this.homes().get(room) ?? this.cluster.nodes[0]!.name;
    if (target !== 'leader') return target;
    const { nodes } = this.cluster;
    const views = await Promise.all(nodes.map((node) => inTime(membersOf(node))));
    const index = views.findIndex(({ self, leader }) => self === leader);
    return nodes[Math.max(0, index)]!.name;
  }

  private roomsOn(node: string): string[] {
    return [...this.homes()].filter(([, home]) => home === node).map(([room]) => room);
  }

  /** Room → the node that acked in it last. */
  private homes(): Map<string, string> {
    const homes = new Map<string, string>();
    for (const entry of this.history.entries) {
      if (entry.op === 'ack') homes.set(entry.room, entry.node);
    }
    return homes;
  }

  private get patience(): number {
    return this.options.without === null ? 1 : LAMED;
  }

  // ---- the end ------------------------------------------------------------------------------------

  private async judge(dir: string): Promise<Verdict> {
    this.say('quiet: everything unknown is sent again until it is acked');
    for (const client of this.clients) client.hush();
    await this.isWhole('in the end');
    await this.settle();
    const journal = await readJournal(this.cluster);
    await writeFile(
      join(dir, 'journal.jsonl'),
      journal.map((entry) => `${JSON.stringify(entry)}\n`).join(''),
    );
    await this.catchUp(journal);
    const verdict = check(this.history.entries, journal);
    return { ...verdict, findings: [...this.findings, ...verdict.findings] };
  }

  /** What stays without an ack the check finds. */
  private async settle(): Promise<void> {
    const node = this.cluster.nodes[0]!;
    const withinMs = QUIET_WITHIN_MS * this.patience;
    const settling = [
      ...this.clients.map((client) => client.quiet(withinMs)),
      ...this.posters.map((poster) => poster.settle(node, withinMs)),
    ];
    for (const outcome of await Promise.allSettled(settling)) {
      if (outcome.status === 'rejected') this.say(`not settled: ${outcome.reason}`);
    }
  }

  /** Who does not see all of it the check finds. */
  private async catchUp(journal: readonly JournalEntry[]): Promise<void> {
    const heads = new Map(journal.map(({ room, seq }) => [room, seq]));
    const hasAll = (client: Client) =>
      ROOMS.every((room) => client.seen(room) >= (heads.get(room) ?? 0));
    const deadline = this.history.now + CAUGHT_UP_WITHIN_MS * this.patience;
    while (!this.clients.every(hasAll) && this.history.now < deadline) await delay(50);
  }
}

export interface Given {
  readonly options: Options;
  readonly plan: Schedule;
  readonly cluster: TestCluster;
  readonly door: Door;
  readonly history: History;
  readonly say: (line: string) => void;
}

/** @throws Error when no answer comes in time */
function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = delay(ANSWER_WITHIN_MS, null, { ref: false }).then(() => {
    throw new Error(`no answer within ${ANSWER_WITHIN_MS} ms`);
  });
  return Promise.race([answer, late]);
}

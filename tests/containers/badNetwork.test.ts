// The chat on a network that is spoiled between the nodes, while clients reach all of them.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containers } from '../harness/containers/containers.ts';
import type { TestCluster, TestNode } from '../harness/Driver.ts';
import { eventually, GIVEN_UP_WITHIN_MS } from '../harness/eventually.ts';
import { type Answer, fresh, Login } from '../harness/Login.ts';
import { type Links, linksOf } from '../harness/links/Links.ts';
import { linksMissing } from '../harness/links/missing.ts';
import { namespaces } from '../harness/namespaces/namespaces.ts';
import { membersOf } from '../harness/places.ts';
import { roomOn } from '../harness/roomOn.ts';
import { useStarted } from '../harness/useCluster.ts';
import { membersUp } from '../harness/waiting.ts';

const DELAY_MS = 300;
/** Longer than it takes to give up a node that is silent. */
const WATCHED_MS = 8000;
const LOOK_EVERY_MS = 50;

const isAcked = ({ status }: Answer) => status === 200 || status === 201;
/** What a call to a node comes to that takes no connections. */
const shut = () => 'shut' as const;

const missing = await linksMissing();
const drivers = { 'processes in namespaces': namespaces, containers };

describe.skipIf(missing !== null).each(Object.entries(drivers))('nodes as %s', (_how, driver) => {
  const cluster = useStarted<TestNode, TestCluster>(() => driver.startCluster(3));
  const nodes = () => cluster.nodes as readonly [TestNode, TestNode, TestNode];
  const links = () => linksOf(cluster);
  beforeEach(({ skip }) => {
    if (typeof cluster.links === 'string') skip(cluster.links);
  });
  afterEach(async () => {
    for (const { name } of nodes()) await links().heal(name);
    for (const node of nodes()) await expectMembers(node, 3);
  });

  async function expectMembers(node: TestNode, count: number): Promise<void> {
    const up = await eventually(
      () => membersUp(node),
      (now) => now === count,
      GIVEN_UP_WITHIN_MS,
    );
    expect(up, `members that are up, at ${node.name}`).toBe(count);
  }

  /** All see the same three, under the same leader, for as long as `during` takes. */
  async function expectWholeWhile(during: () => Promise<void>): Promise<void> {
    const seen = async () => JSON.stringify(await Promise.all(nodes().map(viewOf)));
    const before = await seen();
    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        expect(await seen()).toBe(before);
        await delay(LOOK_EVERY_MS);
      }
    };
    const doing = during().finally(() => {
      isOver = true;
    });
    await Promise.all([doing, watch()]);
  }

  async function viewOf(node: TestNode) {
    const { leader, members } = await membersOf(node);
    return { leader, members: members.map(({ address, status }) => `${address} ${status}`).sort() };
  }

  /** The history has every number once, and every acked message where its ack said. */
  async function expectInHistory(room: string, acks: readonly Answer[]): Promise<void> {
    const history = await (await Login.as(fresh('reader'), nodes()[0])).allOf(room);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    expect(new Set(history.map(({ id }) => id)).size).toBe(history.length);
    for (const { body } of acks) expect(history[body.seq - 1]?.id).toBe(body.id);
  }

  /** Milliseconds that the fastest of a few posts took; all are acked. */
  async function fastest(user: Login, room: string): Promise<number> {
    const took: number[] = [];
    for (let i = 0; i < 5; i++) {
      const began = performance.now();
      const answer = await user.post(room, fresh('id'), 'how long?');
      took.push(performance.now() - began);
      expect(isAcked(answer), JSON.stringify(answer.body)).toBe(true);
    }
    return Math.min(...took);
  }

  const cuts: [string, keyof Links & `cut${string}`, number][] = [
    ['both ways', 'cut', 2],
    ['inbound', 'cutInbound', 0],
    ['outbound', 'cutOutbound', 2],
  ];
  test.each(cuts)(
    'cut %s, a node is given up by the others and comes back',
    async (_, how, at) => {
      const victim = nodes()[at]!;
      const others = nodes().filter((node) => node !== victim) as [TestNode, TestNode];
      const ann = await Login.as(fresh('ann'), others[0]);
      const room = await roomOn(victim, ann);
      await links()[how](victim.name);
      for (const node of others) await expectMembers(node, 2);
      const taken = await eventually(
        () => ann.post(room, 'taken', 'over'),
        isAcked,
        GIVEN_UP_WITHIN_MS,
      );
      const names = others.map(({ name }) => name);
      expect(names, JSON.stringify(taken.body)).toContain(taken.body.node);
      // It answers its clients all the while, until it knows that others do; then it sends them there.
      const asked = () => fetch(victim.http).then(({ status }) => status, shut);
      expect(await eventually(asked, (now) => now === 'shut', GIVEN_UP_WITHIN_MS)).toBe('shut');
      expect((await fetch(`${victim.management}/ready`)).ok, 'it calls itself ready').toBe(false);

      await links().heal(victim.name);
      for (const node of nodes()) await expectMembers(node, 3);
      const back = await eventually(() => ann.at(victim).post(room, 'back', 'again'), isAcked);
      expect(back.status, JSON.stringify(back.body)).toBeLessThan(202);
      await expectInHistory(room, [taken, back]);
    },
    120_000,
  );

  test('a delayed link makes answers late, and nobody is given up', async () => {
    const [first, , third] = nodes();
    const ann = await Login.as(fresh('ann'), first);
    const room = await roomOn(third, ann);
    const before = await fastest(ann, room);
    await links().delay(third.name, DELAY_MS);
    await expectWholeWhile(async () => {
      const until = performance.now() + WATCHED_MS;
      while (performance.now() < until) {
        const took = await fastest(ann, room);
        expect(took).toBeGreaterThan(before + DELAY_MS);
        expect(took).toBeGreaterThan(2 * DELAY_MS); // there and back
      }
    });
    await links().heal(third.name);
    const after = await eventually(
      () => fastest(ann, room),
      (took) => took < DELAY_MS,
    );
    expect(after).toBeLessThan(DELAY_MS);
  });

  test('where one packet in twenty is lost, everything is acked and nobody is given up', async () => {
    const [first, , third] = nodes();
    const ann = await Login.as(fresh('ann'), first);
    const room = await roomOn(third, ann);
    await links().lose(third.name, 0.05);
    const acks: Answer[] = [];
    await expectWholeWhile(async () => {
      const until = performance.now() + WATCHED_MS;
      while (performance.now() < until) {
        const answer = await ann.at(nodes()[acks.length % 3]!).post(room, fresh('id'), 'hello');
        if (answer.status === 429) continue; // the room's limit
        expect(isAcked(answer), JSON.stringify(answer.body)).toBe(true);
        acks.push(answer);
      }
    });
    await expectInHistory(room, acks);
  });

  test('when connections are reset, everything is acked and nobody is given up', async () => {
    const [first, second, third] = nodes();
    const ann = await Login.as(fresh('ann'), first);
    const room = await roomOn(third, ann);
    const acks: Answer[] = [];
    await expectWholeWhile(async () => {
      for (const node of [third, second, third]) {
        await links().reset(node.name);
        const id = fresh('id');
        acks.push(await eventually(() => ann.post(room, id, 'after a reset'), isAcked));
      }
    });
    for (const answer of acks) expect(isAcked(answer), JSON.stringify(answer.body)).toBe(true);
    await expectInHistory(room, acks);
  });
});

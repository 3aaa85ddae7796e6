// A node that is cut off from the other nodes, while its clients and the journal still reach it.
import { afterEach, describe, expect, test } from 'vitest';
import { type ContainerNode, containers } from '../harness/containers/containers.ts';
import { startOnCassandra } from '../harness/containers/onCassandra.ts';
import type { TestCluster } from '../harness/Driver.ts';
import { eventually } from '../harness/eventually.ts';
import { type Answer, fresh, Login } from '../harness/Login.ts';
import { linksOf } from '../harness/links/Links.ts';
import { placesOf } from '../harness/places.ts';
import { roomOn } from '../harness/roomOn.ts';
import { useStarted } from '../harness/useCluster.ts';
import { membersUp } from '../harness/waiting.ts';

/** Silence is judged, and has to last; the rest is for a busy machine. */
const DECIDED_WITHIN_MS = 30_000;

const isAcked = ({ status }: Answer) => status === 200 || status === 201;
/** What a call to a node comes to that takes no connections. */
const shut = () => 'shut' as const;

const starts = {
  'SQLite, one file for all': () => containers.startCluster(3),
  Cassandra: () => startOnCassandra(3),
};

describe.each(Object.entries(starts))('with the journal in %s', (where, start) => {
  const cluster = useStarted<ContainerNode, TestCluster<ContainerNode>>(start);
  const nodes = () => cluster.nodes as [ContainerNode, ContainerNode, ContainerNode];
  afterEach(async () => {
    for (const node of cluster.nodes) {
      await node.resume();
      await node.heal();
      if (typeof cluster.links !== 'string') await cluster.links.heal(node.name);
    }
  });

  async function expectMembers(node: ContainerNode, count: number): Promise<void> {
    const up = await eventually(
      () => membersUp(node),
      (now) => now === count,
      DECIDED_WITHIN_MS,
    );
    expect(up, `members that are up, at ${node.name}`).toBe(count);
  }

  /** Somebody whose session runs on `node`, and a room that does. */
  async function homeOn(node: ContainerNode): Promise<{ user: Login; room: string }> {
    for (;;) {
      const user = await Login.as(fresh('user'), node);
      expect((await user.post('lobby', fresh('id'), 'hello')).status).toBeLessThan(202);
      const homes = await placesOf('session', user.user, node, cluster.nodes);
      if (homes.includes(node.name)) return { user, room: await roomOn(node, user) };
    }
  }

  /** The history has every number once, and every acked message where its ack said. */
  async function expectWhole(room: string, acks: readonly Answer[]): Promise<void> {
    const history = await (await Login.as(fresh('reader'), nodes()[0])).allOf(room);
    expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
    expect(new Set(history.map(({ id }) => id)).size).toBe(history.length);
    for (const { body } of acks) expect(history[body.seq - 1]?.id).toBe(body.id);
  }

  test('the greater side goes on, the cut-off node does not, and healed they are one', async () => {
    const [first, second, third] = nodes();
    const { user: bob, room: lost } = await homeOn(third);
    const { user: ann, room: kept } = await homeOn(first);
    const acks: Answer[] = [];
    const post = async (who: Login, room: string) => {
      const answer = await who.post(room, fresh('id'), `${who.user} is here`);
      if (isAcked(answer)) acks.push(answer);
      return answer;
    };
    await third.cutOff();
    for (const node of [first, second]) await expectMembers(node, 2);
    const taken = await eventually(() => post(ann, lost), isAcked, DECIDED_WITHIN_MS);
    expect(taken.body.node, 'where the lost room runs now').toMatch(/^node[12]$/);
    expect((await post(ann, kept)).body.node).toBe(first.name);
    // The other side has given itself up, and sends its clients elsewhere.
    const asked = () => post(bob, lost).then(({ status }) => status, shut);
    expect(await eventually(asked, (now) => now === 'shut', DECIDED_WITHIN_MS)).toBe('shut');
    expect((await fetch(`${third.management}/ready`)).ok, 'it calls itself ready').toBe(false);

    await third.heal();
    for (const node of nodes()) await expectMembers(node, 3);
    for (const room of [lost, kept]) {
      const back = await eventually(() => post(bob, room), isAcked);
      expect(back.status, JSON.stringify(back.body)).toBeLessThan(202);
      await expectWhole(
        room,
        acks.filter(({ body }) => body.room === room),
      );
    }
  }, 120_000);

  test('what a node writes that wakes up too late is refused by the journal', async () => {
    const [first, , third] = nodes();
    const { user: bob, room } = await homeOn(third);
    const ann = await Login.as(fresh('ann'), first);
    await third.cutOff();
    await third.pause();
    const taken = await eventually(
      () => ann.post(room, 'taken', 'over'),
      isAcked,
      DECIDED_WITHIN_MS,
    );
    expect(taken.body).toMatchObject({ seq: 2, node: expect.stringMatching(/^node[12]$/) });
    // It waits at the frozen node's door, and will be the first thing that the node sees.
    const late = bob.post(room, 'late', 'too late?').catch(() => null);
    await third.resume();
    const refused = new RegExp(`another writer appended to '\\S*${room}'`);
    const said = await eventually(
      () => cluster.output(),
      (lines) => refused.test(lines),
    );
    expect(said).toMatch(refused);
    const count = said.split('\n').filter((line) => refused.test(line)).length;
    console.log(`late writes to ${room} that the journal refused: ${count}`);
    await third.heal();
    const answer = await late;
    for (const node of nodes()) await expectMembers(node, 3);
    const again = await eventually(() => bob.post(room, 'late', 'too late?'), isAcked);
    await expectWhole(room, [
      taken,
      again,
      ...(answer !== null && isAcked(answer) ? [answer] : []),
    ]);
  }, 120_000);

  if (where !== 'Cassandra') return; // a file has no link

  test('cut off from the database, a node keeps its own rooms waiting and no others', async ({
    skip,
  }) => {
    if (typeof cluster.links === 'string') skip(cluster.links);
    const links = linksOf(cluster);
    const [first, , third] = nodes();
    const ann = await Login.as(fresh('ann'), first);
    const [own, other] = [await roomOn(third, ann), await roomOn(first, ann)];
    await links.cutFromDatabase(third.name);
    const answers: Answer[] = [];
    const late = ann.post(own, 'late', 'is it written?').then((answer) => answers.push(answer));
    const acks: Answer[] = [];
    for (let i = 0; i < 20; i++) acks.push(await ann.post(other, fresh('id'), 'hello'));
    expect(acks.every(isAcked), JSON.stringify(acks)).toBe(true);
    expect(answers.filter(isAcked), 'acked and not written').toEqual([]);
    for (const node of nodes()) expect(await membersUp(node)).toBe(3);

    await links.heal(third.name);
    const asked = () => ann.post(own, 'late', 'is it written?');
    const written = await eventually(asked, isAcked, DECIDED_WITHIN_MS);
    expect(written.status, JSON.stringify(written.body)).toBeLessThan(202);
    await late;
    await expectWhole(own, [written]);
    await expectWhole(other, acks);
  }, 120_000);
});

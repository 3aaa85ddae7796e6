// Step 3 with its journal in Cassandra: one variable is all that differs.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ContainerNode } from '../harness/containers/containers.ts';
import { type CassandraCluster, startOnCassandra } from '../harness/containers/onCassandra.ts';
import { eventually } from '../harness/eventually.ts';
import { type Answer, fresh, Login } from '../harness/Login.ts';
import { useStarted } from '../harness/useCluster.ts';
import { stepDir } from '../harness/useStep.ts';

const BACK_WITHIN_MS = 60_000;

const program = join(stepDir(3), 'src/main.ts');
const cluster = useStarted<ContainerNode, CassandraCluster>(() =>
  startOnCassandra(3, { program, wanted: 'nodes' }),
);
afterEach(async () => {
  const down = cluster.nodes.filter((node) => !node.isRunning);
  await Promise.all(down.map((node) => node.start())); // what a failed test left behind
});

const login = (name: string) => Login.as(fresh(name), cluster.nodes[0]!);
const isAcked = ({ status }: Answer) => status === 200 || status === 201;

test('numbers messages without a gap, whichever node they come by', async () => {
  const [ann, room] = [await login('ann'), fresh('room')];
  // Who gets no answer in time asks again, with the same id.
  const post = (i: number) => ann.at(cluster.nodes[i % 3]!).post(room, `m${i}`, `text ${i}`);
  const posts = Array.from({ length: 60 }, (_, i) =>
    eventually(() => post(i), isAcked, BACK_WITHIN_MS),
  );
  const seqs = (await Promise.all(posts)).map(({ body }) => body.seq);
  expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect((await ann.allOf(room)).map(({ seq }) => seq)).toEqual(seqs);
}, 120_000);

test('has a message once that was sent three times, by three nodes', async () => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const answers: Answer[] = [];
  for (const node of cluster.nodes) answers.push(await ann.at(node).post(room, 'once', 'once'));
  expect(answers.map(({ body }) => body.seq)).toEqual([1, 1, 1]);
  expect((await ann.history(room)).head).toBe(1);
});

test('has everything again after all nodes were killed', async () => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const id of ['1', '2', '3']) expect(isAcked(await ann.post(room, id, id))).toBe(true);
  const before = await ann.history(room);
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  expect(await ann.history(room)).toEqual(before);
  expect((await ann.post(room, '2', '2')).body.seq).toBe(2);
  expect((await ann.post(room, '4', '4')).body.seq).toBe(4);
});

test('loses nothing that it acknowledged when the database is killed', async () => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const acks: Answer[] = [];
  let isDown = false;
  let sent = 0;
  const talk = async () => {
    while (!isDown) {
      const answer = await ann.post(room, `m${sent++}`, 'hello');
      if (isAcked(answer)) acks.push(answer);
    }
  };
  const talking = Promise.all(cluster.nodes.map(talk));
  await eventually(
    () => acks.length,
    (count) => count >= 30,
  );
  await cluster.database.kill();
  isDown = true;
  await talking;
  expect(acks.length).toBeGreaterThanOrEqual(30);
  await cluster.database.start();
  const again = await eventually(
    () => ann.post(room, 'after', 'hello again'),
    isAcked,
    BACK_WITHIN_MS,
  );
  expect(again.status, JSON.stringify(again.body)).toBeLessThan(202);
  const history = await ann.allOf(room);
  expect(history.map(({ seq }) => seq)).toEqual(history.map((_, i) => i + 1));
  expect(new Set(history.map(({ id }) => id)).size).toBe(history.length);
  for (const { body } of [...acks, again]) expect(history[body.seq - 1]?.id).toBe(body.id);
}, 180_000);

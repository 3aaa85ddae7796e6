// Rooms and sessions that nobody uses are stopped after IDLE_MS. Nobody notices: what is needed again
// comes back with all it had.
import { until } from 'actor-ts/testkit';
import { expect, test } from 'vitest';
import type { TestNode } from './harness/Driver.ts';
import { fresh, Login } from './harness/Login.ts';
import { placesOf } from './harness/places.ts';
import { Socket } from './harness/Socket.ts';
import { useCluster } from './harness/useCluster.ts';

const cluster = useCluster(2, { env: { IDLE_MS: '1500' } });

test('a room rests while its members are connected, and goes on where it was', async () => {
  const [node1, node2] = cluster.nodes as [TestNode, TestNode];
  const runs = async (type: string, id: string) =>
    (await placesOf(type, id, node1, cluster.nodes)).length > 0;
  const room = fresh('room');
  const [ann, bob] = [await Login.as(fresh('ann'), node1), await Login.as(fresh('bob'), node2)];
  const socket = await Socket.open(ann);
  await socket.join(room);
  expect((await bob.post(room, 'b1', 'before')).body.seq).toBe(1);
  expect(await socket.next('message')).toMatchObject({ seq: 1, text: 'before' });

  await until(async () => !(await runs('room', room)) && !(await runs('session', bob.user)));
  expect(await runs('session', ann.user), 'a session with a socket has no rest').toBe(true);

  expect((await bob.post(room, 'b1', 'before')).body, 'it knows what it had').toMatchObject({
    seq: 1,
  });
  expect((await bob.post(room, 'b2', 'after')).body.seq).toBe(2);
  expect(await socket.next('message')).toMatchObject({ seq: 2, text: 'after' });
  expect((await bob.history(room)).messages.map(({ text }) => text)).toEqual(['before', 'after']);
});

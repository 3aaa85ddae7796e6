// Step 6: nodes that know each other by a secret and agree on who goes on; and the containers around
// them, which this looks at as somebody would who only has Docker and a browser.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ActorSystem, Cluster, ClusterJoinError } from 'actor-ts';
import { afterEach, expect, test } from 'vitest';
import type { TestNode } from './harness/Driver.ts';
import { eventually } from './harness/eventually.ts';
import { fresh, Login } from './harness/Login.ts';
import { membersOf, placesOf } from './harness/places.ts';
import { processes } from './harness/processes.ts';
import { useStarted } from './harness/useCluster.ts';
import { stepDir } from './harness/useStep.ts';

/** A silent node is given up within ten seconds; the rest is for a busy machine. */
const GIVEN_UP_WITHIN_MS = 20_000;
/** A node with the secret is in after a tenth of this. */
const TRIES_FOR_MS = 2000;

const program = join(stepDir(6), 'src/main.ts');
const cluster = useStarted(() => processes.startCluster(3, { program, wanted: 'nodes' }));
afterEach(async () => {
  for (const node of cluster.nodes) {
    if (node.isRunning) await node.resume();
    else await node.start();
  }
});

// ---- 6.1 ----------------------------------------------------------------------------------------

test('6.1 lets the nodes in that have the secret', async () => {
  const [node] = cluster.nodes as [TestNode];
  const up = await eventually(
    () => membersUp(node),
    (count) => count === 3,
  );
  expect(up).toBe(3);
});

test.each([
  ['another secret', 'another secret of enough length'],
  ['no secret', undefined],
])('6.1 lets nobody in who has %s', async (_what, secret) => {
  const [node] = cluster.nodes as [TestNode];
  const { self } = await membersOf(node);
  const system = ActorSystem.create('chat', { logLevel: 'silent' });
  const options = { host: '127.0.0.1', port: 0, seeds: [self], secret };
  // It tries until its system ends, and is then told that it never was a member.
  const joining = Cluster.join(system, options).catch((error) => {
    if (error instanceof ClusterJoinError) return null;
    throw error;
  });
  const stranger = await Promise.race([joining, delay(TRIES_FOR_MS, null)]);
  const members = await membersUp(node);
  await stranger?.leave();
  await system.terminate();
  await joining;
  expect(stranger, 'the stranger is a member').toBeNull();
  expect(members).toBe(3);
});

// ---- 6.2 ----------------------------------------------------------------------------------------

test('6.2 goes on without a node that has died', async () => {
  const { room, owner, ann } = await roomOnAnotherNode();
  await owner.kill();
  const { status, body } = await ann.post(room, fresh('id'), 'still there?');
  expect(status, JSON.stringify(body)).toBe(201);
  expect(body.node).not.toBe(owner.name);
});

test('6.2 goes on without a node that is silent, and takes it in again', async () => {
  const { room, owner, ann } = await roomOnAnotherNode();
  await owner.pause();
  const posted = await eventually(
    () => ann.post(room, fresh('id'), 'still there?'),
    ({ status }) => status === 201,
    GIVEN_UP_WITHIN_MS,
  );
  expect(posted.status, JSON.stringify(posted.body)).toBe(201);
  await owner.resume();
  const back = await eventually(
    () => membersUp(owner),
    (count) => count === 3,
    GIVEN_UP_WITHIN_MS,
  );
  expect(back, 'members that it sees').toBe(3);
});

async function membersUp(node: TestNode): Promise<number> {
  const { members } = await membersOf(node);
  return members.filter(({ status }) => status === 'up').length;
}

/** A room with a message, the node that has it, and somebody who comes by another node. */
async function roomOnAnotherNode() {
  const [first] = cluster.nodes as [TestNode];
  const room = fresh('room');
  const login = await Login.as(fresh('ann'), first);
  const { status } = await login.post(room, fresh('id'), 'hello');
  expect(status).toBe(201);
  const [name] = await placesOf('room', room, first, cluster.nodes);
  const owner = cluster.nodes.find((node) => node.name === name)!;
  const ann = login.at(cluster.nodes.find((node) => node !== owner)!);
  return { room, owner, ann };
}

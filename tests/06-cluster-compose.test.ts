// Step 6: nodes that know each other by a secret and agree on who goes on; and the containers around
// them, which this looks at as somebody would who only has Docker and a browser.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ActorSystem, Cluster, ClusterJoinError } from 'actor-ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ComposeStack } from './harness/containers/ComposeStack.ts';
import type { TestNode } from './harness/Driver.ts';
import { eventually, GIVEN_UP_WITHIN_MS } from './harness/eventually.ts';
import { fresh, Login, tokenFor } from './harness/Login.ts';
import { membersOf, placesOf } from './harness/places.ts';
import { processes } from './harness/processes.ts';
import { wsUrl } from './harness/Socket.ts';
import { useStarted } from './harness/useCluster.ts';
import { stepDir } from './harness/useStep.ts';

/** A node with the secret is in after a tenth of this. */
const TRIES_FOR_MS = 2000;
/** Building the image, and Cassandra's start. */
const UP_WITHIN_MS = 300_000;
/** Three checks that fail, five seconds apart, after the cluster has found out. */
const HEALTH_WITHIN_MS = 90_000;
/** So many post at the same time, each within the rate that a user has. */
const TALKS = 6;
const SAY_EVERY_MS = 50;

/** A node that takes no connections has answered, too. */
const noAnswer = (error: unknown) => ({ status: 0, body: { node: '', error: String(error) } });

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
  const { status, body } = await ann.post(room, fresh('id'), 'still there?').catch(noAnswer);
  expect(status, JSON.stringify(body)).toBe(201);
  expect(body.node).not.toBe(owner.name);
});

test('6.2 goes on without a node that is silent, and takes it in again', async () => {
  const { room, owner, ann } = await roomOnAnotherNode();
  await owner.pause();
  const posted = await eventually(
    () => ann.post(room, fresh('id'), 'still there?').catch(noAnswer),
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

// ---- the containers -----------------------------------------------------------------------------

if (process.env.WORKSHOP_DRIVER === 'containers') {
  describe('the stack', { timeout: UP_WITHIN_MS }, () => {
    let stack: ComposeStack;
    let door: TestNode;
    beforeAll(async () => {
      // Only here, since what it is made of takes its time to load.
      const { ComposeStack } = await import('./harness/containers/ComposeStack.ts');
      stack = await ComposeStack.up(stepDir(6));
      door = stack.service('node1');
    }, UP_WITHIN_MS);
    afterAll(() => stack?.[Symbol.asyncDispose](), UP_WITHIN_MS);

    test('6.1 signs tokens with the secret that Compose is given', async () => {
      const token = await tokenFor('ann', stack.secret, '1h');
      const { status } = await new Login(door, 'ann', token).call('GET', '/rooms/lobby/messages');
      expect(status).toBe(200);
    });

    test('6.1 does not start without a secret, and says what to do', async () => {
      expect(await stack.withoutSecret()).toMatch(/CHAT_SECRET/);
    });

    test('6.3 lets clients in when the nodes are ready, and not before', async () => {
      expect((await madeAnew()).firstAnswer).toBe(200);
    });

    test('6.3 calls a node healthy that is in the cluster, and one that is not unhealthy', async () => {
      const node = stack.service('node3');
      const heal = await node.cutOff('cluster');
      const alone = await eventually(
        () => node.health(),
        (health) => health === 'unhealthy',
        HEALTH_WITHIN_MS,
      );
      await heal();
      const together = await eventually(
        () => node.health(),
        (health) => health === 'healthy',
        HEALTH_WITHIN_MS,
      );
      expect([alone, together]).toEqual(['unhealthy', 'healthy']);
    });

    test('6.4 opens WebSockets to pages of its own, and to no others', async () => {
      const { token } = await Login.as(fresh('ann'), door);
      expect(await answerTo(token, stack.http)).toBe(101);
      expect(await answerTo(token, 'http://evil.example')).toBe(403);
    });

    test('6.4 asks another node when one dies', async () => {
      const room = fresh('room');
      const node = stack.service('node2');
      const statuses: number[] = [];
      let talking = true;
      const talk = async () => {
        const someone = await Login.as(fresh('someone'), door);
        while (talking) {
          statuses.push((await someone.post(room, fresh('id'), 'and on')).status);
          await delay(SAY_EVERY_MS);
        }
      };
      const talks = Array.from({ length: TALKS }, talk);
      const said = (count: number) =>
        eventually(
          () => statuses.length,
          (n) => n >= count,
        );
      await said(3 * TALKS);
      await node.kill();
      await said(statuses.length + 10 * TALKS);
      talking = false;
      await Promise.all(talks);
      await node.start();
      // 200: Nginx asked again for what the node had written, and could not say any more.
      expect(statuses.filter((status) => status !== 201 && status !== 200)).toEqual([]);
    });

    test('6.5 hears that it is to stop, and goes in order', async () => {
      const node = stack.service('node2');
      const code = await node.stop();
      await node.start();
      expect(code, 'exit code; 137 is that of a killed process').toBe(0);
    });

    test('6.6 keeps what was written when all containers are made anew', async () => {
      const { written, found } = await madeAnew();
      expect(found).toEqual(written);
    });

    test('6.6 lets nobody in but by the front door, and to the management of one node', async () => {
      expect(await stack.published()).toEqual({ nginx: [3000], node1: [8551] });
    });

    /** `docker compose down` and `up`: once, for all who want to know how that went. */
    const madeAnew = once(async () => {
      const ann = await eventually(
        () => Login.as(fresh('ann'), door),
        () => true,
        UP_WITHIN_MS,
      );
      const room = fresh('room');
      const ids = [fresh('id'), fresh('id')];
      for (const id of ids) await ann.post(room, id, 'will this stay?');
      const written = { head: 2, ids };
      await stack.restart();
      // Its port may refuse for a moment yet. That is no answer.
      const { status: firstAnswer } = await eventually(
        () => fetch(stack.http),
        () => true,
      );
      const { head, messages } = await eventually(
        () => ann.history(room),
        () => true,
        UP_WITHIN_MS,
      );
      return { firstAnswer, written, found: { head, ids: messages.map(({ id }) => id) } };
    });

    /** The status of an upgrade; 0 when there is no answer. */
    function answerTo(token: string, origin: string): Promise<number> {
      const headers = { authorization: `Bearer ${token}` };
      const ws = new WebSocket(wsUrl(door), { headers, origin });
      return new Promise((resolve) => {
        ws.on('open', () => {
          ws.terminate();
          resolve(101);
        });
        ws.on('error', () => resolve(0));
        ws.on('unexpected-response', (_request, response) => {
          response.resume();
          resolve(response.statusCode!);
        });
      });
    }
  });
}

function once<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= run();
    return result;
  };
}

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

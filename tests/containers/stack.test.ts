// Step 6 as it is started by hand: `docker compose up -d`, and then everything that can happen to a
// container, while two people talk through the front door.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Conversation } from '../harness/Conversation.ts';
import { ComposeStack } from '../harness/containers/ComposeStack.ts';
import { GoodClient } from '../harness/GoodClient.ts';
import { fresh, Login } from '../harness/Login.ts';
import { stepDir } from '../harness/useStep.ts';
import { membersUp } from '../harness/waiting.ts';

const UP_WITHIN_MS = 300_000;
/** How long a trouble lasts that does not end by itself. */
const TROUBLE_MS = 30_000;
/** After it: silence is noticed, judged, and the front door finds out as well. */
const WELL_WITHIN_MS = 60_000;
const NODES = ['node1', 'node2', 'node3'];

let stack: ComposeStack;
beforeAll(async () => {
  stack = await ComposeStack.up(stepDir(6));
}, UP_WITHIN_MS);
afterAll(() => stack?.[Symbol.asyncDispose](), UP_WITHIN_MS);

const clients: GoodClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.end();
});

/** Two people in two rooms. */
async function twoTalk(): Promise<Conversation> {
  const door = stack.service('node1');
  for (const name of ['ann', 'bob']) {
    clients.push(new GoodClient(await Login.as(fresh(name), door), [door], 0));
  }
  const reader = await Login.as(fresh('reader'), door);
  return Conversation.begin(clients, [fresh('lobby'), fresh('den')], reader);
}

/** Whatever `trouble` does while they talk, nothing acknowledged is lost, doubled or out of place. */
async function survives(trouble: (talk: Conversation) => Promise<void>): Promise<void> {
  const talk = await twoTalk();
  await talk.goesOn(WELL_WITHIN_MS);
  await trouble(talk);
  await talk.goesOn(WELL_WITHIN_MS);
  await talk.stop();
  await talk.check();
}

test('comes up from nothing: three members, the page, and no door but two', async () => {
  expect(await membersUp(stack.service('node1'))).toBe(3);
  const page = await fetch(stack.http);
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/html'),
  ]);
  expect(await stack.published()).toEqual({ nginx: [3000], node1: [8551] });
});

test('serves two people who talk through the front door', () => survives(async () => undefined));

test.each(NODES)(
  'keeps what was acknowledged when %s is killed',
  (name) =>
    survives(async (talk) => {
      await stack.service(name).kill();
      await talk.goesOn(WELL_WITHIN_MS);
      await stack.service(name).start();
    }),
  240_000,
);

test(
  'keeps what was acknowledged while a node is frozen for half a minute',
  () =>
    survives(async () => {
      const node = stack.service('node2');
      await node.pause();
      await delay(TROUBLE_MS);
      await node.resume();
      await node.healthy();
    }),
  240_000,
);

test(
  'keeps what was acknowledged while a node is cut off from the others for half a minute',
  () =>
    survives(async (talk) => {
      const node = stack.service('node3');
      const heal = await node.cutOff('cluster');
      await delay(TROUBLE_MS);
      await talk.goesOn(WELL_WITHIN_MS);
      expect(await membersUp(stack.service('node1')), 'members while it is away').toBe(2);
      await heal();
      await node.healthy();
    }),
  240_000,
);

test(
  'keeps what was acknowledged when the database is restarted',
  () =>
    survives(async () => {
      const database = stack.service('cassandra');
      await database.stop();
      await database.start();
    }),
  300_000,
);

test(
  'keeps what was acknowledged when everything is restarted',
  () => survives(() => stack.restart()),
  400_000,
);

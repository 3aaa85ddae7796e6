// What the cluster view shows while the "See it" of a step's README is done.
import type { Browser } from 'playwright-core';
import { Viewer } from '../../tests/browser/Viewer.ts';
import type { TestNode } from '../../tests/harness/Driver.ts';
import { Login } from '../../tests/harness/Login.ts';
import { placesOf } from '../../tests/harness/places.ts';
import { processes } from '../../tests/harness/processes.ts';
import { Socket } from '../../tests/harness/Socket.ts';
import { stepDir } from '../../tests/harness/useStep.ts';

/** The path of the picture of that name. */
export type PathOf = (picture: string) => string;

/** Sharding: a message goes from one node over a second one to its room on a third. */
export function step2(browser: Browser, pathOf: PathOf): Promise<void> {
  return onStage(2, browser, async (stage) => {
    const { ann, bob, far } = stage;
    await bob.post('den', 'b1', 'and another room');
    await ann.at(far).post('lobby', 'a1', 'from another node');
    await stage.sees(/^.*ann → lobby: .*room lobby on/);
    await stage.take(pathOf('step-2'));
  });
}

/** Persistence: the node of the room is killed, and the room runs elsewhere with all it had. */
export function step3(browser: Browser, pathOf: PathOf): Promise<void> {
  return onStage(3, browser, async (stage) => {
    const { ann, far, home } = stage;
    await ann.at(far).post('lobby', 'a1', 'written down');
    await home.kill();
    await stage.happens(/no member any more/);
    await ann.at(far).post('lobby', 'a2', 'anybody?');
    await stage.sees(/no\. 2/);
    await stage.take(pathOf('step-3'));
  });
}

/** Pub/sub: what a room writes is told to the sessions of its members. */
export function step4(browser: Browser, pathOf: PathOf): Promise<void> {
  return onStage(4, browser, async (stage) => {
    const { ann, bob, far } = stage;
    await bob.call('PUT', '/me/rooms/lobby');
    await ann.at(far).post('lobby', 'a1', 'can you hear me?');
    await stage.sees(/bob/);
    await stage.take(pathOf('step-4'));
  });
}

/** WebSocket: from one browser to another, over three nodes. */
export function step5(browser: Browser, pathOf: PathOf): Promise<void> {
  return onStage(5, browser, async (stage) => {
    const { ann, bob, far } = stage;
    const [anns, bobs] = [await Socket.open(ann.at(far)), await Socket.open(bob)];
    await Promise.all([anns.join('lobby'), bobs.join('lobby')]);
    await anns.say('lobby', 'a1', 'hello');
    await bobs.next('message');
    await stage.sees(/sockets?/);
    await stage.take(pathOf('step-5'));
    for (const { ws } of [anns, bobs]) ws.close();
  });
}

interface Stage {
  readonly ann: Login;
  readonly bob: Login;
  /** The node that has the lobby, and another one, from which nobody looks. */
  readonly home: TestNode;
  readonly far: TestNode;
  /** Waits until the message's way reads so. */
  sees(way: RegExp): Promise<unknown>;
  /** Waits until that is told among what happened. */
  happens(what: RegExp): Promise<unknown>;
  take(path: string): Promise<unknown>;
}

/** Three nodes of a step's solution, tracing, and somebody who looks from a node without the lobby. */
async function onStage(step: number, browser: Browser, scene: (stage: Stage) => Promise<void>) {
  process.env.WORKSHOP_TARGET = 'solutions';
  await using cluster = await processes.startCluster(3, {
    program: `${stepDir(step)}/src/main.ts`,
    env: { TRACE: 'true' },
  });
  const [first] = cluster.nodes as [TestNode];
  const [ann, bob] = [await Login.as('ann', first), await Login.as('bob', first)];
  await ann.call('GET', '/rooms/lobby/messages');
  const [place] = await placesOf('room', 'lobby', first, cluster.nodes);
  const home = cluster.nodes.find(({ name }) => name === place)!;
  const [near, far] = cluster.nodes.filter((node) => node !== home) as [TestNode, TestNode];
  const viewer = await watches(browser, near);
  await scene({
    ann: ann.at(near),
    bob: bob.at(near),
    home,
    far,
    sees: (way) => viewer.reads('#way-words, #picture', way),
    happens: (what) => viewer.reads('#timeline', what),
    take: async (path) => {
      for (const home of [/lobby on/, /ann on/]) await viewer.reads('#types', home);
      await viewer.page.screenshot({ path });
    },
  });
  await viewer.page.context().close();
}

/** Somebody who has the cluster view of a node open, and sees what happens from now on. */
export async function watches(browser: Browser, node: TestNode): Promise<Viewer> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 1060 } });
  const viewer = await Viewer.opens(context, node.management);
  // A node that has said its name tells its hops from then on.
  await viewer.reads('#members', /node1[\s\S]*node2[\s\S]*node3/);
  await viewer.reads('#timeline', /You look from/);
  return viewer;
}

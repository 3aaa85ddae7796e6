// What the steps' READMEs show under "See it" is what their solutions do.
import { until } from 'actor-ts/testkit';
import { describe, test } from 'vitest';
import type { TestCluster, TestNode } from './harness/Driver.ts';
import { Login } from './harness/Login.ts';
import { membersOf, placesOf } from './harness/places.ts';
import { expectLike, SeeIt } from './harness/Readme.ts';
import { stepDir, useStep } from './harness/useStep.ts';

describe('step 1', () => {
  const cluster = useStep(1);

  test('shows in its README what it does', async () => {
    const readme = new SeeIt(stepDir(1), cluster);
    for (let block = 1; block <= 4; block++) await readme.same();
    readme.end();
  });
});

describe('step 2', () => {
  const cluster = useStep(2);

  test('shows in its README what it does', async () => {
    const readme = new SeeIt(stepDir(2), cluster);
    await readme.same();
    readme.nodes = await nodesFrom(cluster, 'room', 'lobby');
    await readme.same();
    await readme.nodes[0]!.kill();
    const isRemoved = async () => (await membersOf(readme.nodes[1]!)).members.length === 2;
    await until(isRemoved, { what: 'the killed node to be removed' });
    await readme.same();
    readme.end();
  });
});

describe('step 3', () => {
  const cluster = useStep(3);

  test('shows in its README what it does', async () => {
    const readme = new SeeIt(stepDir(3), cluster);
    readme.nodes = await nodesFrom(cluster, 'room', 'lobby');
    await readme.same();
    await readme.nodes[0]!.kill();
    await readme.same();
    await Promise.all(cluster.nodes.filter((node) => node.isRunning).map((node) => node.stop()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await readme.same();
    const [, sql] = /^sqlite3 \S+ "(.*)"$/.exec(readme.next('sh'))!;
    expectLike(await rowsOf(cluster, sql!), readme.next('text'));
    readme.end();
  });
});

describe('step 4', () => {
  const cluster = useStep(4, { env: { TRACE: 'true' } });

  test('shows in its README what it does', async () => {
    const readme = new SeeIt(stepDir(4), cluster);
    readme.nodes = await nodesFrom(cluster, 'room', 'lobby');
    await readme.same();
    const bob = await Login.as('bob', readme.nodes[1]!);
    const { messages } = (await bob.call('GET', '/me/inbox')).body;
    await readme.same((commands) => commands.replace(/since=\d+/, `since=${messages[0].position}`));

    using hops = readme.type(readme.next('sh'));
    const shown = readme.next('text').split('\n');
    const ann = await Login.as('ann', readme.nodes[2]!);
    // The stream may begin after the first of these.
    const isSeen = async () => {
      await ann.post('lobby', `seen-${performance.now()}`, 'look');
      return shown.every((line) => hops.lines.some((seen) => hopOf(seen) === hopOf(line)));
    };
    await until(isSeen, { what: `the hops ${shown.map(hopOf)}, got ${hops.lines}` });
    readme.end();
  });
});

describe('step 5', () => {
  const cluster = useStep(5);

  test('shows in its README what it does', async () => {
    const readme = new SeeIt(stepDir(5), cluster);
    readme.nodes = await nodesFrom(cluster, 'session', 'ann');
    await readme.same();
    using client = readme.type(readme.next('sh'));
    const frames = readme.next('text').split('\n');
    await client.answers(1);
    frames.forEach((frame) => client.say(frame));
    await expectFrames(client.lines, readme.next('text'));

    await readme.nodes[0]!.kill();
    client.say(frames[1]!.replace('"a1"', '"a2"').replace('hello', 'still here'));
    await expectFrames(client.lines, readme.next('text'));
    client.say('{"type":"join","room":"lobby","since":1}');
    await expectFrames(client.lines, readme.next('text'));
    readme.end();
  });

  /**
   * What came since the last time looks, in whatever order, like the frames that are shown. Where
   * nodes go, the session may move once more than there, and says welcome from each of its places.
   */
  async function expectFrames(lines: string[], shown: string): Promise<void> {
    const wanted = shown.split('\n');
    const welcomes = wanted.filter(isWelcome).length;
    const frames = () => {
      const others = lines.filter((line) => !isWelcome(line));
      return [...lines.filter(isWelcome).slice(0, welcomes), ...others];
    };
    const isThere = () => frames().length >= wanted.length;
    await until(isThere, { what: `${wanted.length} frames like ${wanted}, got ${lines}` });
    expectLike(frames().sort().join('\n'), wanted.sort().join('\n'));
    lines.length = 0;
  }

  function isWelcome(frame: string): boolean {
    return frame.startsWith('{"type":"welcome"');
  }
});

/** The nodes, first the one that has `entity`, which is node 1 in the READMEs. */
async function nodesFrom({ nodes }: TestCluster, type: 'room' | 'session', entity: string) {
  const [node] = nodes as [TestNode];
  const ann = await Login.as('ann', node);
  if (type === 'room') await ann.history(entity);
  else await ann.call('GET', '/me/inbox');
  const [owner] = await placesOf(type, entity, node, nodes);
  const index = nodes.findIndex(({ name }) => name === owner);
  return [...nodes.slice(index), ...nodes.slice(0, index)];
}

/** As the program `sqlite3` prints them. */
async function rowsOf({ data }: TestCluster, sql: string): Promise<string> {
  const rows = await data.query(sql);
  return rows.map((row) => Object.values(row).join('|')).join('\n');
}

function hopOf(line: string): string | undefined {
  return /"hop":"([\w-]+)"/.exec(line)?.[1];
}

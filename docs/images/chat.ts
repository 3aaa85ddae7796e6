// The finished chat and the cluster view beside it, while somebody pulls a plug.
import type { Browser } from 'playwright-core';
import { FrontDoor } from '../../packages/workshop/src/FrontDoor.ts';
import { Person } from '../../tests/browser/Person.ts';
import type { TestNode } from '../../tests/harness/Driver.ts';
import { Login } from '../../tests/harness/Login.ts';
import { placesOf } from '../../tests/harness/places.ts';
import { processes } from '../../tests/harness/processes.ts';
import { type PathOf, watches } from './steps.ts';

const LOOK = { viewport: { width: 1000, height: 720 }, deviceScaleFactor: 1.5 };

/** Ann and Bob talk from two nodes; the third, which has their room, is killed; they go on. */
export async function chat(browser: Browser, pathOf: PathOf): Promise<void> {
  await using cluster = await processes.startCluster(3, { env: { TRACE: 'true' } });
  const door = new FrontDoor(
    cluster.nodes.map(({ name, http }) => {
      const { hostname, port } = new URL(http);
      return { name, host: hostname, port: Number(port) };
    }),
  );
  const url = `http://127.0.0.1:${await door.listen(0)}`;
  try {
    const owner = await ownerOf('lobby');
    const others = cluster.nodes.filter((node) => node !== owner) as [TestNode, TestNode];
    const [annsNode, bobsNode] = others;
    const ann = await enters('ann', annsNode);
    const bob = await enters('bob', bobsNode);
    const viewer = await watches(browser, annsNode);
    await says(ann, `Can you hear me? My socket is on ${annsNode.name}.`);
    await says(bob, `Loud and clear. Mine is on ${bobsNode.name}.`);
    await says(ann, `And this room is on ${owner.name}. I pull its plug now.`);
    await owner.kill();
    await says(bob, 'Still here. Nothing is lost, and I did not even reload.');
    await viewer.reads('#timeline', /no member any more/);
    await says(ann, 'Then let us go on.');
    await ann.hasSentAll();
    await viewer.reads('#picture', /no\. 5/);
    await ann.goesTo('team');
    await ann.goesTo('lobby');
    await ann.page.screenshot({ path: pathOf('chat') });
    await viewer.page.screenshot({ path: pathOf('view') });

    async function says(who: Person, text: string) {
      await who.says(text);
      await ann.reads(text);
    }
  } finally {
    door.close();
  }

  /** Through the front door, to that node. */
  async function enters(name: string, { name: node }: TestNode): Promise<Person> {
    door.admit(node);
    const person = await Person.enters(await browser.newContext(LOOK), url, name);
    door.withhold(node);
    return person;
  }

  async function ownerOf(room: string): Promise<TestNode> {
    const [node] = cluster.nodes as [TestNode];
    await (await Login.as('ann', node)).history(room);
    const [name] = await placesOf('room', room, node, cluster.nodes);
    return cluster.nodes.find((n) => n.name === name)!;
  }
}

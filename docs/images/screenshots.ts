// Takes the pictures of this folder: the finished chat, running, in a real browser. `npm run screenshots`
import { fileURLToPath } from 'node:url';
import { FrontDoor } from '../../packages/workshop/src/FrontDoor.ts';
import { launchChrome } from '../../tests/browser/chrome.ts';
import { Person } from '../../tests/browser/Person.ts';
import type { TestNode } from '../../tests/harness/Driver.ts';
import { Login } from '../../tests/harness/Login.ts';
import { placesOf } from '../../tests/harness/places.ts';
import { processes } from '../../tests/harness/processes.ts';

await using cluster = await processes.startCluster(3);
const door = new FrontDoor(
  cluster.nodes.map(({ name, http }) => {
    const { hostname, port } = new URL(http);
    return { name, host: hostname, port: Number(port) };
  }),
);
const url = `http://127.0.0.1:${await door.listen(0)}`;
const browser = await launchChrome();
try {
  const owner = await ownerOf('lobby');
  const [annsNode, bobsNode] = cluster.nodes.filter((node) => node !== owner) as [
    TestNode,
    TestNode,
  ];
  const ann = await enters('ann', annsNode);
  const bob = await enters('bob', bobsNode);
  await says(ann, `Can you hear me? My socket is on ${annsNode.name}.`);
  await says(bob, `Loud and clear. Mine is on ${bobsNode.name}.`);
  await says(ann, `And this room is on ${owner.name}. I pull its plug now.`);
  await owner.kill();
  await says(bob, 'Still here. Nothing is lost, and I did not even reload.');
  await says(ann, 'Then let us go on.');
  await ann.hasSentAll();
  await ann.goesTo('team');
  await ann.goesTo('lobby');
  await ann.page.screenshot({ path: fileURLToPath(new URL('chat.png', import.meta.url)) });

  async function says(who: Person, text: string) {
    await who.says(text);
    await ann.reads(text);
  }
} finally {
  await browser.close();
  door.close();
}

async function enters(name: string, { name: node }: TestNode): Promise<Person> {
  const look = { viewport: { width: 1000, height: 640 }, deviceScaleFactor: 2 };
  door.admit(node);
  const person = await Person.enters(await browser.newContext(look), url, name);
  door.withhold(node);
  return person;
}

async function ownerOf(room: string): Promise<TestNode> {
  const [node] = cluster.nodes as [TestNode];
  await (await Login.as('ann', node)).history(room);
  const [name] = await placesOf('room', room, node, cluster.nodes);
  return cluster.nodes.find((n) => n.name === name)!;
}

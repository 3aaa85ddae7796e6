// One publisher, 100 subscribers on three nodes.
import { Publish } from 'actor-ts';
import { membersUp, startNode, subscribe, TOPIC } from './node.ts';
import { Peer } from './Peer.ts';
import { type Contender, perSecond, type Row } from './Row.ts';

const SUBSCRIBERS = [34, 33, 33];
const MESSAGES = 500;

async function ours(): Promise<Contender> {
  const node = await startNode();
  const seeds = [String(node.cluster.selfAddress)];
  let heardHere = () => {};
  await subscribe(node, SUBSCRIBERS[0]!, () => heardHere());
  const peers = await Promise.all(
    SUBSCRIBERS.slice(1).map((subscribers) => Peer.start('node', { seeds, subscribers })),
  );
  await membersUp(node.cluster, SUBSCRIBERS.length);
  const measure = () =>
    perSecond(MESSAGES * SUBSCRIBERS.reduce((a, b) => a + b), async () => {
      const here = new Promise<void>((resolve) => {
        heardHere = resolve;
      });
      const all = [here, ...peers.map((peer) => peer.next())];
      for (let i = 1; i <= MESSAGES; i++) {
        node.mediator.tell(new Publish(TOPIC, { isLast: i === MESSAGES, text: 'x'.repeat(100) }));
      }
      await Promise.all(all);
    });
  return {
    measure,
    async [Symbol.asyncDispose]() {
      for (const peer of peers) peer[Symbol.dispose]();
      await node.system.terminate();
    },
  };
}

export const publish: Row = {
  ...{ name: 'publish', what: 'deliveries, 100 subscribers on 3 nodes', unit: '/s' },
  target: { value: 3_000_000 },
  contenders: { ours },
};

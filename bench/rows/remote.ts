// Questions to sharded entities on another node.
import { membersUp, startNode } from './node.ts';
import { Peer } from './Peer.ts';
import { type Contender, perSecond, type Row } from './Row.ts';
import { rawAsker } from './raw.ts';

const IDS = 100;

async function reference(atOnce: number, connections: 1 | 2): Promise<Contender> {
  const options = { isBatched: atOnce > 1, connections };
  const peer = await Peer.start('echo', options);
  const ask = await rawAsker(peer.said.port, options);
  return {
    measure: () => kept(atOnce, ask),
    [Symbol.asyncDispose]: async () => peer[Symbol.dispose](),
  };
}

async function ours(atOnce: number): Promise<Contender> {
  const { system, cluster, region } = await startNode();
  const peer = await Peer.start('node', { seeds: [String(cluster.selfAddress)], subscribers: 0 });
  await membersUp(cluster, 2);
  const ids: string[] = [];
  for (let n = 0; ids.length < IDS; n++) {
    const id = `entity-${n % 10_000}`;
    const answer = await region.ask<{ pid: number }>({ id, n, text: 'hello' });
    if (answer.pid === peer.said.pid) ids.push(id);
  }
  let n = 0;
  const ask = () => region.ask({ id: ids[n++ % IDS]!, n, text: 'hello' });
  return {
    measure: () => kept(atOnce, ask),
    async [Symbol.asyncDispose]() {
      peer[Symbol.dispose]();
      await system.terminate();
    },
  };
}

/** So many questions are under way all the time. */
function kept(atOnce: number, ask: () => Promise<unknown>): Promise<number> {
  const each = atOnce === 1 ? 200 : 100;
  const askInTurn = async () => {
    for (let i = 0; i < each; i++) await ask();
  };
  return perSecond(each * atOnce, async () => {
    await Promise.all(Array.from({ length: atOnce }, askInTurn));
  });
}

const row = (name: string, what: string, atOnce: number, ratio: number): Row => ({
  ...{ name, what, unit: '/s', target: { of: 'reference', ratio } },
  contenders: {
    reference: () => reference(atOnce, 1),
    'on two connections': () => reference(atOnce, 2),
    ours: () => ours(atOnce),
  },
});

export const remoteAsk = row('remote-ask', 'ask on another node, one at a time', 1, 0.8);
export const remoteAsks = row('remote-asks', 'ask on another node, 100 at a time', 100, 0.6);

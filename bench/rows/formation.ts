// Three processes that have loaded everything become one cluster.
import { freePorts } from '../../packages/workshop/src/ports.ts';
import { Peer } from './Peer.ts';
import { type Contender, plain, type Row } from './Row.ts';

const NODES = 3;

async function ours(): Promise<Contender> {
  return plain(async () => {
    const ports = await freePorts(NODES);
    const seeds = ports.map((port) => `127.0.0.1:${port}`);
    const peers = await Promise.all(ports.map((port) => Peer.start('founder', { port, seeds })));
    const began = performance.now();
    const up = peers.map((peer) => peer.next());
    for (const peer of peers) peer.tell('go');
    await Promise.all(up);
    const tookMs = performance.now() - began;
    for (const peer of peers) peer[Symbol.dispose]();
    return tookMs;
  });
}

export const formation: Row = {
  ...{ name: 'formation', what: 'three nodes form a cluster', unit: 'ms', target: { value: 500 } },
  contenders: { ours },
};

// What spoils links, tried on a network without a cluster: what passes, and what does not.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { inside } from '../harness/links/commands.ts';
import { linksMissing } from '../harness/links/missing.ts';
import { SeatLinks } from '../harness/links/SeatLinks.ts';
import { NodeNetwork } from '../harness/namespaces/NodeNetwork.ts';
import type { Order, Told } from './peer.ts';

const PEER = fileURLToPath(new URL('./peer.ts', import.meta.url));
const PORT = 2551;
const DATAGRAMS = 2000;
const DELAY_MS = 150;

type Name = 'node1' | 'node2' | 'node3';
const OTHERS: readonly Name[] = ['node1', 'node2'];

const missing = await linksMissing();

describe.skipIf(missing !== null)(`links${missing === null ? '' : ` (${missing})`}`, () => {
  let network: NodeNetwork;
  let links: SeatLinks;
  const peers = new Map<Name, ChildProcess>();
  const addressOf = (name: Name) => network.places[Number(name.at(-1)) - 1]!.address;

  beforeAll(async () => {
    network = await NodeNetwork.make(3, PORT);
    links = new SeatLinks(
      network.places.map((place, i) => ({ name: `node${i + 1}`, locate: async () => place })),
    );
    for (const [i, { netns }] of network.places.entries()) {
      await startPeer(`node${i + 1}` as Name, netns);
    }
  });
  afterAll(async () => {
    for (const peer of peers.values()) {
      peer.kill('SIGKILL');
      await once(peer, 'close');
    }
    await links?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  });
  afterEach(() => links.heal('node3'));

  async function startPeer(name: Name, netns: string): Promise<void> {
    const peer = spawn(...inside(netns, process.execPath, PEER, String(PORT)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    peers.set(name, peer);
    await once(peer, 'message');
  }

  async function tell(name: Name, order: Order): Promise<Told> {
    const peer = peers.get(name)!;
    peer.send(order);
    const [told] = await once(peer, 'message');
    return told;
  }

  async function ping(from: Name, to: Name): Promise<number | string> {
    return (await tell(from, { do: 'ping', to: addressOf(to) })).ping!;
  }

  /** Of a number of datagrams those that arrived, and those whose echo came back, too. */
  async function throwTo(from: Name, to: Name, count = 100) {
    await tell(to, { do: 'tell' });
    await tell(from, { do: 'tell' });
    await tell(from, { do: 'throw', to: addressOf(to), count });
    const { caught } = await tell(to, { do: 'tell' });
    const { echoed } = await tell(from, { do: 'tell' });
    return { caught: caught!, echoed: echoed! };
  }

  async function expectReachedByMachine(name: Name): Promise<void> {
    const { own } = network.places[Number(name.at(-1)) - 1]!.outside;
    const socket = connect(PORT, own).once('connect', () => socket.write('x'));
    expect(String(await once(socket, 'data'))).toBe('x');
    socket.destroy();
  }

  test('left alone, everything passes', async () => {
    for (const other of OTHERS) {
      expect(await throwTo('node3', other)).toEqual({ caught: 100, echoed: 100 });
      expect(await throwTo(other, 'node3')).toEqual({ caught: 100, echoed: 100 });
      expect(await ping('node3', other)).toEqual(expect.any(Number));
    }
  });

  test('cut: nothing passes to the others or back, until it is healed', async () => {
    await links.cut('node3');
    for (const other of OTHERS) {
      expect(await throwTo('node3', other)).toEqual({ caught: 0, echoed: 0 });
      expect(await throwTo(other, 'node3')).toEqual({ caught: 0, echoed: 0 });
    }
    expect(await ping('node3', 'node1')).toBe('no answer');
    expect(await throwTo('node1', 'node2')).toEqual({ caught: 100, echoed: 100 });
    await expectReachedByMachine('node3');
    await links.heal('node3');
    expect(await throwTo('node3', 'node1')).toEqual({ caught: 100, echoed: 100 });
  });

  test('cut inbound: it is heard and hears nothing', async () => {
    await links.cutInbound('node3');
    for (const other of OTHERS) {
      expect(await throwTo('node3', other)).toEqual({ caught: 100, echoed: 0 });
      expect(await throwTo(other, 'node3')).toEqual({ caught: 0, echoed: 0 });
    }
    await expectReachedByMachine('node3');
  });

  test('cut outbound: it hears and is not heard', async () => {
    await links.cutOutbound('node3');
    for (const other of OTHERS) {
      expect(await throwTo('node3', other)).toEqual({ caught: 0, echoed: 0 });
      expect(await throwTo(other, 'node3')).toEqual({ caught: 100, echoed: 0 });
    }
    await expectReachedByMachine('node3');
  });

  test('lossy: one in twenty packets is lost each way', async () => {
    await links.lose('node3', 0.05);
    for (const [from, to] of [
      ['node3', 'node1'],
      ['node2', 'node3'],
    ] as const) {
      const { caught, echoed } = await throwTo(from, to, DATAGRAMS);
      // Six standard deviations around what is expected.
      expect(caught).toBeGreaterThan(0.95 * DATAGRAMS - 60);
      expect(caught).toBeLessThan(0.95 * DATAGRAMS + 60);
      expect(echoed).toBeGreaterThan(0.95 ** 2 * DATAGRAMS - 80);
      expect(echoed).toBeLessThan(0.95 ** 2 * DATAGRAMS + 80);
    }
    expect(await throwTo('node1', 'node2')).toEqual({ caught: 100, echoed: 100 });
  });

  test('delayed: what passes in either direction comes later', async () => {
    const soon = (ms: number | string) => typeof ms === 'number' && ms < DELAY_MS;
    const expectSoon = async (from: Name, to: Name) =>
      expect(await eventually(() => ping(from, to), soon)).toSatisfy(soon);
    await expectSoon('node3', 'node1');
    await links.delay('node3', DELAY_MS);
    for (const other of OTHERS) {
      // The connections of before are being reset.
      const late = (ms: number | string) => typeof ms === 'number' && ms > 2 * DELAY_MS - 5;
      expect(await eventually(() => ping('node3', other), late)).toSatisfy(late);
      expect(await eventually(() => ping(other, 'node3'), late)).toSatisfy(late);
    }
    await expectSoon('node1', 'node2');
    await expectReachedByMachine('node3');
    await links.heal('node3');
    await expectSoon('node3', 'node1');
    await expectSoon('node1', 'node3');
  });

  test('reset: both ends are told, and connect anew at once', async () => {
    await eventually(
      () => ping('node3', 'node1'),
      (ms) => typeof ms === 'number',
    );
    for (const name of ['node1', 'node3'] as const) await tell(name, { do: 'tell' });
    await links.reset('node3');
    const isReset = (end: string) => end === 'ECONNRESET' || end === 'ECONNABORTED';
    for (const name of ['node1', 'node3'] as const) {
      const ends = async () => (await tell(name, { do: 'tell' })).ends!;
      expect(await eventually(ends, (told) => told.some(isReset))).toSatisfy((told: string[]) =>
        told.some(isReset),
      );
    }
    expect(await ping('node3', 'node1')).toEqual(expect.any(Number));
  });

  test('there is no database to be cut off from', async () => {
    expect(links.hasDatabase).toBe(false);
    await expect(links.cutFromDatabase('node3')).rejects.toThrow('the journal is a file');
  });
});

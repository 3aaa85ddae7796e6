import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Address, UniqueAddress } from '../../src/actor/Address.ts';
import { TransportBindError } from '../../src/errors.ts';
import type { Lane, Transport, TransportEvents } from '../../src/remote/Transport.ts';
import { ManualScheduler } from '../../src/testkit/ManualScheduler.ts';
import { MemoryNetwork } from '../../src/testkit/MemoryNetwork.ts';
import { until } from '../../src/testkit/until.ts';

interface End {
  readonly transport: Transport;
  readonly address: Address;
  readonly frames: string[];
  readonly events: string[];
  readonly connected: UniqueAddress[];
  readonly removed: Set<string>;
  send(to: Address, text: string, lane?: Lane): void;
}

let scheduler: ManualScheduler;
let network: MemoryNetwork;
let a: End;
let b: End;

async function start(uid: string, port = 0, system = 'test'): Promise<End> {
  const transport = network.transport();
  const end = {
    transport,
    frames: [] as string[],
    events: [] as string[],
    connected: [] as UniqueAddress[],
    removed: new Set<string>(),
    send: (to: Address, text: string, lane: Lane = 'user') => {
      transport.send(to, Buffer.from(text), lane);
      transport.flush();
    },
  };
  const events: TransportEvents = {
    frame: (_from, bytes, from, to) => end.frames.push(bytes.toString('utf8', from, to)),
    connected: (peer) => end.connected.push(peer),
    lost: (peer, evidence) => end.events.push(`${peer.port} ${evidence}`),
    rejected: (peer, reason, by) => end.events.push(`${peer.port} ${reason} ${by}`),
    quarantined: (peer) => end.removed.has(peer.uid),
    undeliverable: (_peer, frame) => end.events.push(`undeliverable ${frame}`),
  };
  const self = { system, host: 'memory', port, uid: () => uid };
  return { ...end, address: await transport.listen(self, events) };
}

beforeEach(async () => {
  scheduler = new ManualScheduler();
  network = new MemoryNetwork(scheduler);
  [a, b] = [await start('a'), await start('b')];
});

afterEach(async () => {
  await Promise.all([a.transport.close(), b.transport.close()]);
});

describe('MemoryNetwork', () => {
  test('delivers in order, and introduces both ends to each other', async () => {
    for (let n = 0; n < 5; n++) a.send(b.address, `${n}`);
    await until(() => b.frames.length === 5);
    expect(b.frames).toEqual(['0', '1', '2', '3', '4']);
    expect(a.connected.map(({ uid }) => uid)).toEqual(['b']);
    expect(b.connected.map(({ uid }) => uid)).toEqual(['a']);
  });

  test('control frames of a turn go first', async () => {
    a.transport.send(b.address, Buffer.from('user'), 'user');
    a.transport.send(b.address, Buffer.from('control'), 'control');
    a.transport.flush();
    await until(() => b.frames.length === 2);
    expect(b.frames).toEqual(['control', 'user']);
  });

  test('a partition is silent, and heals into new connections', async () => {
    a.send(b.address, 'before');
    await until(() => b.frames.length === 1);
    network.partition(a.address, b.address);
    a.send(b.address, 'lost');
    await scheduler.advance(10_000);
    expect(a.events).toEqual([]);
    expect(b.frames).toEqual(['before']);
    network.heal();
    a.send(b.address, 'after');
    await until(() => b.frames.includes('after'));
    expect(b.frames).toEqual(['before', 'after']);
    expect(a.events).toEqual([`${b.address.port} closed`]);
    expect(a.connected).toHaveLength(2);
  });

  test('a partition can go one way', async () => {
    a.send(b.address, 'hello');
    b.send(a.address, 'hello');
    await until(() => a.frames.length === 1 && b.frames.length === 1);
    network.partitionOneWay(a.address, b.address);
    a.send(b.address, 'lost');
    b.send(a.address, 'heard');
    await until(() => a.frames.length === 2);
    expect(b.frames).toEqual(['hello']);
  });

  test('a node that cannot be connected to is unreachable after a while', async () => {
    network.partition(a.address, [b.address]);
    a.send(b.address, 'hello');
    await scheduler.advance(1999);
    expect(a.events).toEqual(['undeliverable hello']);
    await scheduler.advance(1);
    expect(a.events).toContain(`${b.address.port} unreachable`);
  });

  test('a delay delays, in both directions, and keeps the order', async () => {
    network.delay(a.address, b.address, 100);
    a.send(b.address, 'slow');
    network.delay(a.address, b.address, 0);
    a.send(b.address, 'fast');
    await scheduler.advance(99);
    // The quick way opened after the slow one was taken: what is due is the oldest.
    expect(b.frames).toEqual(['slow']);
    await scheduler.advance(1);
    expect(b.frames).toEqual(['slow', 'fast']);
  });

  test('a node that dies refuses, and whoever was connected learns it at once', async () => {
    a.send(b.address, 'hello');
    await until(() => b.frames.length === 1);
    network.refuse(b.address);
    await until(() => a.events.length === 2);
    expect(a.events).toEqual([`${b.address.port} closed`, `${b.address.port} refused`]);
    a.send(b.address, 'anybody there');
    await until(() => a.events.includes('undeliverable anybody there'));
  });

  test('a node may come back at the same address as another incarnation', async () => {
    a.send(b.address, 'hello');
    await until(() => b.frames.length === 1);
    network.refuse(b.address);
    const again = await start('b2', b.address.port);
    a.send(again.address, 'hello again');
    await until(() => again.frames.length === 1);
    expect(a.connected.at(-1)?.uid).toBe('b2');
  });

  test('two nodes cannot have one address', async () => {
    await expect(start('twin', a.address.port)).rejects.toThrow(TransportBindError);
  });

  test('a removed incarnation is refused and told so', async () => {
    a.removed.add('b');
    b.send(a.address, 'let me in');
    await until(() => b.events.length === 2);
    expect(b.events).toEqual([`${a.address.port} quarantined them`, 'undeliverable let me in']);
    expect(a.events).toEqual([`${b.address.port} quarantined us`]);
  });

  test('hanging up is noticed by the other end, which looks whether somebody is there', async () => {
    b.send(a.address, 'hello');
    await until(() => a.frames.length === 1);
    a.transport.disconnect(b.address, 'enough');
    await until(() => b.connected.length === 2);
    expect(b.events).toEqual([`${a.address.port} closed`]);
  });
});

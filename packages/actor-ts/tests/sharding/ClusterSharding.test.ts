import { afterEach, describe, expect, test } from 'vitest';
import { Actor } from '../../src/actor/Actor.ts';
import { DeadLetter } from '../../src/actor/messages.ts';
import { Props } from '../../src/actor/Props.ts';
import { ShardMapChanged } from '../../src/cluster/events.ts';
import { OptionsError } from '../../src/errors.ts';
import { until } from '../../src/testkit/until.ts';
import { idsOf, ShardedCluster } from './ShardedCluster.ts';

let cluster: ShardedCluster;
afterEach(() => cluster.close());

describe('routing', () => {
  test('reaches every entity from every node, each in one place, spread over all nodes', async () => {
    cluster = new ShardedCluster();
    const [a, b, c] = await cluster.start(3);
    const ids = idsOf(60);
    const fromA = await cluster.whereFrom(a!, ids);
    expect(await cluster.whereFrom(b!, ids)).toEqual(fromA);
    expect(await cluster.whereFrom(c!, ids)).toEqual(fromA);
    await cluster.balanced();
    const settled = await cluster.whereFrom(a!, ids);
    expect(await cluster.whereFrom(c!, ids)).toEqual(settled);
    expect(new Set(settled.values())).toEqual(new Set(['node1', 'node2', 'node3']));
    expect([...cluster.doubles]).toEqual([]);
  });

  test('keeps the order of what one node sends, also while the shard has no home yet', async () => {
    cluster = new ShardedCluster();
    const nodes = await cluster.start(2);
    for (let n = 0; n < 500; n++) for (const node of nodes) node.note('x', n);
    await until(() => cluster.notes.length === 1000);
    for (const { name } of nodes) {
      expect(cluster.arrived('x', name)).toEqual(Array.from({ length: 500 }, (_, n) => n));
    }
  });

  test('the sender of a message is kept across nodes', async () => {
    cluster = new ShardedCluster();
    const [a, b] = await cluster.start(2);
    class Echo extends Actor<{ to: string }> {
      onReceive(): void {
        this.sender.forEach((sender) => sender.tell(`${this.entityId} of ${this.system.name}`));
      }
    }
    const start = (node: typeof a) =>
      node!.sharding.start('echo', Echo, { extractEntityId: ({ to }) => to });
    const regions = [start(a), start(b)];
    for (const region of regions) {
      for (const id of idsOf(8)) expect(await region.ask({ to: id })).toBe(`${id} of test`);
    }
  });

  test('extractEntityMessage opens an envelope at the home, and asks still get their reply', async () => {
    cluster = new ShardedCluster();
    const nodes = await cluster.start(2);
    interface Inner {
      readonly n: number;
    }
    class Doubler extends Actor<Inner & { replyTo: { tell(reply: number): void } }> {
      onReceive({ n, replyTo }: Inner & { replyTo: { tell(reply: number): void } }): void {
        replyTo.tell(2 * n);
      }
    }
    for (const node of nodes) {
      const region = node.sharding.start<any>('doubler', () => new Doubler(), {
        extractEntityId: ({ id }) => id,
        extractEntityMessage: ({ inner }) => inner,
      });
      for (const id of idsOf(8)) expect(await region.ask({ id, inner: { n: 21 } })).toBe(42);
    }
  });

  test('ids that are no ids go to dead letters', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    const letters: unknown[] = [];
    node!.system.eventStream.subscribe((letter) => letters.push(letter.message), DeadLetter);
    const bad = [{ to: '' }, { to: 7 }, {}, null, { to: '\ud800' }, { to: 'x'.repeat(2000) }];
    for (const message of bad) node!.region.tell(message as never);
    await until(() => letters.length === bad.length);
    expect(letters).toEqual(bad);
  });

  test('any other string is a fine id', async () => {
    cluster = new ShardedCluster();
    const [a, b] = await cluster.start(2);
    for (const id of ['ö/ä #?%', '..', ' ', '$1', '名前', 'a'.repeat(1024)]) {
      expect((await a!.who(id)).id).toBe(id);
      expect((await b!.who(id)).id).toBe(id);
    }
  });

  test('what finds no room while it waits goes to dead letters', async () => {
    cluster = new ShardedCluster({ bufferCapacity: 5, role: 'host' });
    const [node] = [(await cluster.start(1, { roles: ['host'] }))[0]!];
    const [proxy] = await cluster.start(1);
    cluster.cutOff(proxy!);
    await until(() => proxy!.sees(node) === 'unreachable');
    const letters: unknown[] = [];
    proxy!.system.eventStream.subscribe((letter) => letters.push(letter.message), DeadLetter);
    for (let n = 0; n < 8; n++) proxy!.note('x', n);
    await until(() => letters.length >= 3);
    expect(letters.map((letter) => (letter as { n: number }).n)).toEqual([5, 6, 7]);
  });
});

describe('starting', () => {
  test('the same type again is the same region, unless the options differ', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    const { sharding } = node!;
    class Nobody extends Actor {
      onReceive(): void {}
    }
    const options = {
      typeName: 'nobody',
      entityProps: Props.create(() => new Nobody()),
      extractEntityId: () => 'x',
    };
    const region = sharding.start(options);
    expect(sharding.start({ ...options, entityProps: Props.create(() => new Nobody()) })).toBe(
      region,
    );
    expect(() => sharding.start({ ...options, numShards: 3 })).toThrow(/`numShards`/);
    expect(() => sharding.startProxy({ typeName: 'nobody', extractEntityId: () => 'x' })).toThrow(
      OptionsError,
    );
    expect(node!.cluster.sharding).toBe(sharding);
  });

  test('bad options are refused with the name of the field', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    const start = (options: object) => () => node!.sharding.start(options as never);
    const entityProps = Props.create(() => null as never);
    const good = { typeName: 'x', entityProps, extractEntityId: () => '' };
    expect(start({ ...good, numShards: 0 })).toThrow(/`numShards` takes a whole number from 1/);
    expect(start({ ...good, typeName: 'a/b' })).toThrow(/`typeName`/);
    expect(start({ ...good, entityProps: undefined })).toThrow(/`entityProps` is missing/);
    expect(start({ ...good, extractEntityId: 'id' })).toThrow(/`extractEntityId` takes a function/);
    expect(start({ ...good, rememberEntitys: true })).toThrow(/no option `rememberEntitys`/);
  });

  test('a proxy and members without the role host nothing, and reach everything', async () => {
    cluster = new ShardedCluster({ role: 'host' });
    const [host] = await cluster.start(1, { roles: ['host'] });
    const [other] = await cluster.start(1, { roles: ['edge'] });
    const [proxy] = await cluster.start(1, {
      roles: ['host'],
      sharding: { role: 'host', proxy: true },
    });
    const ids = idsOf(20);
    for (const node of [host!, other!, proxy!]) {
      const where = await cluster.whereFrom(node, ids);
      expect(new Set(where.values())).toEqual(new Set(['node1']));
    }
    expect(proxy!.sharding.local('recorder')).toEqual({ shards: 0, entities: 0 });
  });

  test('a node that never starts the type does not hold up the others', async () => {
    cluster = new ShardedCluster();
    const [first] = await cluster.start(1);
    const [second] = await cluster.start(1);
    await cluster.start(1, { sharding: null });
    await first!.who('a');
    await cluster.crash(first!);
    // What is asked before the death was noticed is lost with the dead node.
    const answer = await until(() => second!.who('a', 500));
    expect(answer.node).toBe('node2');
  });

  test('a node with another numShards is refused, hosts nothing and holds nobody up', async () => {
    cluster = new ShardedCluster();
    const [first] = await cluster.start(1);
    const [second] = await cluster.start(1, { sharding: null });
    second!.startSharding(cluster, { numShards: 17 });
    await first!.who('a');
    await second!.who('a', 300).catch(() => {});
    expect(second!.sharding.isReady).toBe(false);
    expect(second!.sharding.unregisteredTypes()).toEqual(['recorder']);
    expect(second!.sharding.local('recorder').shards).toBe(0);
    await first!.cluster.leave();
    await until(() => second!.sharding.isReady);
  });

  test('describe tells where every shard and entity is, on every node', async () => {
    cluster = new ShardedCluster();
    const [a, b] = await cluster.start(2);
    const ids = idsOf(20);
    await cluster.whereFrom(a!, ids);
    await cluster.balanced();
    const where = await cluster.whereFrom(b!, ids);
    const description = await b!.sharding.describe('recorder');
    expect(await a!.sharding.describe('recorder')).toEqual(description);
    const described = description.flatMap(({ node, entities }) =>
      entities.map((id) => [id, node.slice('test@'.length).split(':')[0]!] as const),
    );
    expect(new Map(described.sort())).toEqual(new Map([...where].sort()));
    expect(a!.sharding.isReady).toBe(true);
    expect(() => a!.sharding.local('other')).toThrow(/'other' was not started/);
  });

  test('every node is told of each change of the shard map', async () => {
    cluster = new ShardedCluster();
    const [a, b] = await cluster.start(2);
    const told = new Map<string, string | undefined>();
    b!.cluster.subscribe((event) => {
      if (event instanceof ShardMapChanged) {
        told.set(event.shardId, event.home.toNullable()?.host);
      }
    });
    await cluster.whereFrom(a!, idsOf(40));
    await cluster.balanced();
    const description = await a!.sharding.describe('recorder');
    await until(() => {
      return description.every(({ shard, node }) => node.includes(`@${told.get(String(shard))}:`));
    });
  });
});

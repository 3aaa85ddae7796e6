import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { InMemoryJournal } from '../../src/persistence/memory/InMemoryJournal.ts';
import { PersistenceExtensionId } from '../../src/persistence/PersistenceExtension.ts';
import { SqliteJournal } from '../../src/persistence/sqlite/SqliteJournal.ts';
import { JournaledEntities } from '../../src/sharding/JournaledEntities.ts';
import { until } from '../../src/testkit/until.ts';
import { idsOf, type NodeOptions, ShardedCluster, type ShardedNode } from './ShardedCluster.ts';

let cluster: ShardedCluster;
afterEach(() => cluster.close());

describe('passivation', () => {
  test('an idle entity stops, and the next message starts it anew', async () => {
    cluster = new ShardedCluster({ passivationIdleMs: 50 });
    const [node] = await cluster.start(1);
    await node!.who('x');
    await until(() => cluster.runningOn('x').length === 0);
    expect((await node!.who('x')).count).toBe(1);
  });

  test('messages keep an entity awake', async () => {
    cluster = new ShardedCluster({ passivationIdleMs: 1000 });
    const [node] = await cluster.start(1);
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < 2000) {
      const answer = await node!.who('x');
      expect(answer.count).toBe(++count);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test('above maxEntities the least recently used stops', async () => {
    cluster = new ShardedCluster({ maxEntities: 3 });
    const [node] = await cluster.start(1);
    for (const id of ['a', 'b', 'c', 'a', 'd']) await node!.who(id);
    await until(() => cluster.runningOn('b').length === 0);
    for (const id of ['a', 'c', 'd']) expect(cluster.runningOn(id)).toEqual(['node1']);
  });

  test('an entity that asks to rest loses nothing of what arrives meanwhile', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    for (let n = 0; n < 200; n++) {
      node!.note('x', n);
      if (n % 20 === 10) node!.region.tell({ to: 'x', kind: 'rest' });
    }
    await until(() => cluster.arrived('x', 'node1').length === 200);
    expect(cluster.arrived('x', 'node1')).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect((await node!.who('x')).count).toBeLessThan(200);
  });

  test('an entity that stops by itself is started anew by the next message', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    await node!.who('x');
    node!.region.tell({ to: 'x', kind: 'stop' });
    await until(() => cluster.runningOn('x').length === 0);
    expect((await node!.who('x')).count).toBe(1);
  });

  test('an entity that fails is restarted with an empty state', async () => {
    cluster = new ShardedCluster();
    const [node] = await cluster.start(1);
    await node!.who('x');
    node!.region.tell({ to: 'x', kind: 'fail' });
    expect((await node!.who('x')).count).toBe(1);
  });
});

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function sqlite(Journal = SqliteJournal): NodeOptions {
  const directory = mkdtempSync(join(tmpdir(), 'remembered-'));
  directories.push(directory);
  return {
    prepare(system) {
      const journal = new Journal({ path: join(directory, 'journal.db') });
      system.extension(PersistenceExtensionId).setJournal(journal);
      system.registerOnTermination(() => journal.close());
    },
  };
}

function memory(): NodeOptions {
  return {
    prepare: (system) => {
      system.extension(PersistenceExtensionId).setJournal(new InMemoryJournal());
    },
  };
}

describe.each([
  ['in the journal', () => sqlite()],
  ['in the memory of all nodes', memory],
])('entities remembered %s', (_, store) => {
  const ids = idsOf(40);
  const onAnyOf = (nodes: readonly ShardedNode[]) => {
    const names = nodes.map(({ name }) => name);
    return ids.every((id) => {
      const where = cluster.runningOn(id);
      return where.length === 1 && names.includes(where[0]!);
    });
  };

  test('run again where their shard moves to, without a message', async () => {
    cluster = new ShardedCluster({ rememberEntities: true }, store());
    const nodes = await cluster.start(3);
    await cluster.whereFrom(nodes[0]!, ids);
    await cluster.balanced();
    await until(() => onAnyOf(nodes));
    await cluster.leave(nodes[1]!);
    await until(() => onAnyOf([nodes[0]!, nodes[2]!]));
    expect([...cluster.doubles]).toEqual([]);
  });

  test.each([
    ['a worker', 2],
    ['the coordinator', 0],
  ])('run again after the death of %s', async (_name, index) => {
    cluster = new ShardedCluster({ rememberEntities: true }, store());
    const nodes = await cluster.start(3);
    await cluster.whereFrom(nodes[0]!, ids);
    await cluster.balanced();
    await until(() => onAnyOf(nodes));
    await cluster.crash(nodes[index]!);
    await until(() => onAnyOf(cluster.nodes));
    expect([...cluster.doubles]).toEqual([]);
  });

  test('are known to a node that joined later', async () => {
    cluster = new ShardedCluster({ rememberEntities: true }, store());
    const [first] = await cluster.start(1);
    await cluster.whereFrom(first!, ids);
    const [second] = await cluster.start(1);
    await cluster.balanced();
    const [third] = await cluster.start(1);
    await cluster.balanced();
    await cluster.leave(first!);
    await until(() => onAnyOf([second!, third!]));
  });

  test('are forgotten when they rest', async () => {
    cluster = new ShardedCluster({ rememberEntities: true }, store());
    const [a, b] = await cluster.start(2);
    await cluster.whereFrom(a!, ids);
    for (const id of ids.slice(0, 20)) a!.region.tell({ to: id, kind: 'rest' });
    const isResting = () => ids.slice(0, 20).every((id) => cluster.runningOn(id).length === 0);
    await until(isResting);
    await cluster.leave(a!);
    await until(() => ids.slice(20).every((id) => cluster.runningOn(id)[0] === 'node2'));
    expect(isResting()).toBe(true);
    expect(b!.sharding.local('recorder').entities).toBe(20);
  });

  test('come back by themselves after they stopped unasked', async () => {
    cluster = new ShardedCluster({ rememberEntities: true }, store());
    const [node] = await cluster.start(1);
    await node!.who('x');
    node!.region.tell({ to: 'x', kind: 'stop' });
    await until(() => cluster.runningOn('x').length === 0);
    await until(() => cluster.runningOn('x').length === 1);
    expect((await node!.who('x')).count).toBe(1);
  });
});

describe('an entity whose start the journal does not take at once', () => {
  let write = () => {};
  let writes = 0;
  class Slow extends SqliteJournal {
    private readonly isDue = new Promise<void>((resolve) => {
      write = resolve;
    });
    override async append(pid: string, events: readonly unknown[], seq: number): Promise<number> {
      writes++;
      await this.isDue;
      return super.append(pid, events, seq);
    }
  }
  const start = async () => {
    writes = 0;
    cluster = new ShardedCluster({ rememberEntities: true }, sqlite(Slow));
    return (await cluster.start(1))[0]!;
  };

  test('is not seen, and what is for it waits', async () => {
    const node = await start();
    for (let n = 0; n < 3; n++) node.note('x', n);
    const answer = node.who('x');
    await until(() => writes > 0);
    expect(cluster.runningOn('x')).toEqual([]);
    expect((await node.sharding.describe('recorder')).flatMap((shard) => shard.entities)).toEqual(
      [],
    );
    write();
    expect((await answer).count).toBe(4);
    expect(cluster.arrived('x', 'node1')).toEqual([0, 1, 2]);
  });

  test('runs all the same after a while, and is remembered later', async () => {
    const node = await start();
    expect((await node.who('x')).count).toBe(1);
    write();
    await until(async () => {
      const { journal } = node.system.extension(PersistenceExtensionId);
      const reader = new JournaledEntities(node.system, journal, 'recorder', 16);
      return (await reader.shards()).length === 1;
    });
    expect((await node.who('x')).count).toBe(2);
  });

  test('stops with its region', async () => {
    const node = await start();
    node.note('x', 1);
    await until(() => writes > 0);
    await cluster.crash(node);
    write();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(cluster.arrived('x', 'node1')).toEqual([]);
  });
});

test('entities in the journal run again after a restart of everything', async () => {
  const store = sqlite();
  cluster = new ShardedCluster({ rememberEntities: true }, store);
  const nodes = await cluster.start(2);
  await cluster.whereFrom(nodes[0]!, idsOf(30));
  for (const node of [...nodes]) await cluster.leave(node);
  cluster = new ShardedCluster({ rememberEntities: true }, store);
  await cluster.start(1);
  await until(() => idsOf(30).every((id) => cluster.runningOn(id).length === 1));
});

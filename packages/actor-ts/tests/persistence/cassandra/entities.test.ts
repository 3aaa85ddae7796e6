// The stores as the rest of the runtime uses them: persistent actors, and entities that sharding
// remembers.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ActorSystem } from '../../../src/actor/ActorSystem.ts';
import { Props } from '../../../src/actor/Props.ts';
import { CassandraJournal } from '../../../src/persistence/cassandra/CassandraJournal.ts';
import { CassandraSnapshotStore } from '../../../src/persistence/cassandra/CassandraSnapshotStore.ts';
import { PersistenceExtensionId } from '../../../src/persistence/PersistenceExtension.ts';
import { PersistentActor } from '../../../src/persistence/PersistentActor.ts';
import { everyNEvents } from '../../../src/persistence/SnapshotPolicy.ts';
import { until } from '../../../src/testkit/until.ts';
import { idsOf, type NodeOptions, ShardedCluster } from '../../sharding/ShardedCluster.ts';
import { dropKeyspace, newKeyspace, serverOptions } from './server.ts';

/** Cassandra takes its time on a machine that is busy. */
const ASK_MS = 30_000;

const keyspace = newKeyspace();
afterAll(() => dropKeyspace(keyspace));

interface Add {
  readonly add: number;
}

class Sum extends PersistentActor<Add, number, { sum: number; events: number }> {
  readonly persistenceId = 'sum';

  initialState() {
    return { sum: 0, events: 0 };
  }

  onEvent(state: { sum: number; events: number }, event: number) {
    return { sum: state.sum + event, events: state.events + 1 };
  }

  onCommand(_state: unknown, { add, ...command }: Add) {
    const { replyTo } = command as unknown as { replyTo: { tell(answer: unknown): void } };
    this.persist(add, () => replyTo.tell({ ...this.state }));
  }

  protected override snapshotPolicy() {
    return everyNEvents(10);
  }
}

let system: ActorSystem;
let journal: CassandraJournal;
let snapshots: CassandraSnapshotStore;
beforeEach(start);
afterEach(stop);

async function start() {
  system = ActorSystem.create('test', { logLevel: 'silent' });
  journal = new CassandraJournal({ ...serverOptions(keyspace), partitionSize: 7 });
  snapshots = new CassandraSnapshotStore(serverOptions(keyspace));
  system.extension(PersistenceExtensionId).setJournal(journal).setSnapshotStore(snapshots);
}

async function stop() {
  await system.terminate();
  await Promise.all([journal.close(), snapshots.close()]);
}

describe('on Cassandra', () => {
  test('a persistent actor comes back from its snapshot and the events after it', async () => {
    const actor = system.spawn(
      Props.create(() => new Sum()),
      'sum',
    );
    let answer: unknown;
    for (let n = 1; n <= 25; n++) answer = await actor.ask({ add: n }, ASK_MS);
    expect(answer).toEqual({ sum: 325, events: 25 });
    await stop();
    await start();
    const again = system.spawn(
      Props.create(() => new Sum()),
      'sum',
    );
    expect(await again.ask({ add: 1 }, ASK_MS)).toEqual({ sum: 326, events: 26 });
    expect(
      (await snapshots.loadLatest('sum')).map(({ sequenceNr }) => sequenceNr).toNullable(),
    ).toBe(20);
  });

  test('entities that sharding remembers run again after a restart of everything', async () => {
    const node: NodeOptions = {
      prepare(system) {
        const journal = new CassandraJournal(serverOptions(keyspace));
        system.extension(PersistenceExtensionId).setJournal(journal);
        system.registerOnTermination(() => journal.close());
      },
    };
    const ids = idsOf(20);
    const before = new ShardedCluster({ rememberEntities: true }, node);
    const nodes = await before.start(2);
    await before.whereFrom(nodes[0]!, ids);
    for (const each of [...nodes]) await before.leave(each);
    const after = new ShardedCluster({ rememberEntities: true }, node);
    await after.start(1);
    await until(() => ids.every((id) => after.runningOn(id).length === 1), {
      what: 'all entities',
      timeoutMs: 30_000,
    });
    await after.close();
  });
});

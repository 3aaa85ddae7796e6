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
import { rememberedEntitiesFor } from '../../../src/sharding/rememberedEntitiesFor.ts';
import { dropKeyspace, newKeyspace, serverOptions } from './server.ts';

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
    for (let n = 1; n <= 25; n++) answer = await actor.ask({ add: n });
    expect(answer).toEqual({ sum: 325, events: 25 });
    await stop();
    await start();
    const again = system.spawn(
      Props.create(() => new Sum()),
      'sum',
    );
    expect(await again.ask({ add: 1 })).toEqual({ sum: 326, events: 26 });
    expect(
      (await snapshots.loadLatest('sum')).map(({ sequenceNr }) => sequenceNr).toNullable(),
    ).toBe(20);
  });

  test('remembered entities are in the journal, and come back', async () => {
    const settings = { rememberEntities: true, typeName: 'room', numShards: 4 };
    const open = () => rememberedEntitiesFor(system, settings as never, {} as never)!;
    const entities = open();
    expect([...(await entities.open(3))]).toEqual([]);
    for (let i = 0; i < 50; i++) entities.add(3, `room-${i}`);
    entities.remove(3, 'room-7');
    await entities.close(3);
    await stop();
    await start();
    const again = open();
    const ids = [...(await again.open(3))];
    expect(ids).toHaveLength(49);
    expect(ids).not.toContain('room-7');
    expect(await again.shards()).toEqual([3]);
    expect(await journal.highestSeq('remembered-room-3')).toBeGreaterThan(0);
    await again.close(3);
  });
});

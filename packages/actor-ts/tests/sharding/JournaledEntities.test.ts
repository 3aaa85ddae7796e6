import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ActorSystem } from '../../src/actor/ActorSystem.ts';
import { JournalCorruptError, JournalError } from '../../src/errors.ts';
import { InMemoryJournal, JournalMemory } from '../../src/persistence/memory/InMemoryJournal.ts';
import { JournaledEntities } from '../../src/sharding/JournaledEntities.ts';
import { until } from '../../src/testkit/until.ts';
import { type LogLine, recordingLogger } from '../remote/nodes.ts';

const PID = 'remembered-type-3';

let system: ActorSystem;
let memory: JournalMemory;
let journal: InMemoryJournal;
beforeEach(() => {
  system = ActorSystem.create('test', { logLevel: 'silent' });
  memory = new JournalMemory();
  journal = new InMemoryJournal(memory);
});
afterEach(() => system.terminate());

const store = (using = journal) => new JournaledEntities(system, using, 'type', 8);

async function remembered(): Promise<string[]> {
  return [...(await store().open(3))].sort();
}

describe('entities in the journal', () => {
  test('are what was started and not stopped', async () => {
    const entities = store();
    expect([...(await entities.open(3))]).toEqual([]);
    for (const id of ['a', 'b', 'c']) entities.add(3, id);
    entities.remove(3, 'b');
    await entities.close(3);
    expect(await remembered()).toEqual(['a', 'c']);
    expect(await store().shards()).toEqual([3]);
  });

  test('are in the journal when their start counts as recorded', async () => {
    const entities = store();
    await entities.open(3);
    await entities.add(3, 'a');
    expect(await remembered()).toEqual(['a']);
    expect(entities.add(3, 'a')).toBeNull();
    entities.remove(3, 'a');
    expect(entities.add(3, 'a')).not.toBeNull();
  });

  test('count as recorded only when the shard has been read', async () => {
    const before = store();
    await before.open(3);
    await before.add(3, 'a');

    const entities = store();
    const opening = entities.open(3);
    const recorded = entities.add(3, 'a');
    expect(recorded).not.toBeNull();
    await opening;
    await recorded;
    expect(await journal.highestSeq(PID)).toBe(1);
  });

  test('that start before the shard has been read are remembered too', async () => {
    const before = store();
    await before.open(3);
    before.add(3, 'old');
    before.add(3, 'gone');
    await before.close(3);

    const entities = store();
    const opening = entities.open(3);
    entities.add(3, 'new');
    entities.remove(3, 'gone');
    expect([...(await opening)]).toEqual(['old']);
    await entities.close(3);
    expect(await remembered()).toEqual(['new', 'old']);
  });

  test('changes of one moment are one event', async () => {
    const entities = store();
    await entities.open(3);
    for (let i = 0; i < 100; i++) entities.add(3, `id-${i}`);
    await entities.close(3);
    expect(await journal.highestSeq(PID)).toBe(1);
  });

  test('survive a former home that writes once more: the present one has the last word', async () => {
    const former = store();
    await former.open(3);
    former.add(3, 'a');
    await former.close(3);
    const zombie = store();
    await zombie.open(3);
    const present = store();
    await present.open(3);
    zombie.remove(3, 'a');
    zombie.add(3, 'z');
    await zombie.close(3);
    present.add(3, 'b');
    await present.close(3);
    expect(await remembered()).toEqual(['a', 'b']);
  });

  test('are written when the journal works again, whether the failed write happened or not', async () => {
    let failures = 2;
    class Shaky extends InMemoryJournal {
      override async append(pid: string, events: readonly unknown[], seq: number) {
        if (failures === 0) return super.append(pid, events, seq);
        failures--;
        if (failures === 0) await super.append(pid, events, seq);
        throw new JournalError('no answer');
      }
    }
    const entities = store(new Shaky(memory));
    await entities.open(3);
    entities.add(3, 'a');
    await entities.close(3);
    expect(failures).toBe(0);
    expect(await remembered()).toEqual(['a']);
    expect(await journal.highestSeq(PID)).toBe(1);
  });

  test('a stream does not grow with every start and stop', async () => {
    const entities = store();
    await entities.open(3);
    entities.add(3, 'stays');
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 50; i++) entities.add(3, `id-${round}-${i}`);
      const head = await journal.highestSeq(PID);
      await until(async () => (await journal.highestSeq(PID)) > head, { everyMs: 1 });
      for (let i = 0; i < 50; i++) entities.remove(3, `id-${round}-${i}`);
      await until(async () => (await journal.highestSeq(PID)) > head + 1, { everyMs: 1 });
    }
    await entities.close(3);
    let events = 0;
    for await (const _ of journal.read(PID, 1)) events++;
    expect(events).toBeLessThan(30);
    expect(await remembered()).toEqual(['stays']);
  });

  test.each([
    null,
    { kind: 'started', ids: 'abc' },
    { kind: 'started', ids: [7] },
    { kind: 'other', ids: ['a'] },
  ])('a record %j is refused by name, and read again', async (record) => {
    await journal.append(PID, [{ kind: 'started', ids: ['a'] }, record], 0);
    const lines: LogLine[] = [];
    system = ActorSystem.create('test', { log: recordingLogger(lines) });
    const opening = store().open(3);
    await until(() => lines.length > 0);
    expect(lines[0]!.fields.err).toBeInstanceOf(JournalCorruptError);
    memory.streams.get(PID)!.events.pop();
    expect([...(await opening)]).toEqual(['a']);
  });

  test('abandoned, nothing more is written', async () => {
    const entities = store();
    await entities.open(3);
    entities.add(3, 'a');
    entities.abandonAll();
    await entities.close(3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await journal.highestSeq(PID)).toBe(0);
  });
});

import { describe, expect, test } from 'vitest';
import {
  Actor,
  ActorInitializationError,
  ActorStateError,
  ActorSystem,
  Directive,
  everyNEvents,
  InMemoryJournal,
  InMemorySnapshotStore,
  JournalConcurrencyError,
  JournalCorruptError,
  JournalError,
  JournalMemory,
  JournalUnknownError,
  OptionsError,
  PoisonPill,
  Props,
  SnapshotMemory,
  TraceHop,
} from '../../src/index.ts';
import { until } from '../../src/testkit/until.ts';
import {
  type Command,
  ListActor,
  ListLogger,
  type ListState as State,
  setUp,
  story,
} from './ListActor.ts';

function add(...items: string[]): Command {
  return { do: 'add', items };
}

describe('PersistentActor', () => {
  test('applies an event once it is durable, then runs the callback', async () => {
    const { journal, getList, system } = setUp();
    const list = await getList();
    let open!: () => void;
    journal.gate = new Promise((resolve) => {
      open = resolve;
    });
    const added = list.ask(add('x'));
    await until(() => journal.appends.length === 1);
    let answered = false;
    void added.then(() => {
      answered = true;
    });
    const later = list.ask({ do: 'get' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    expect(await journal.highestSeq('list-a')).toBe(0);
    open();
    expect(await added).toBe('x@1:x');
    expect(await later).toEqual(['x']);
    await system.terminate();
  });

  test('handles commands that arrive during a write afterwards, in order', async () => {
    const { getList, system } = setUp();
    const list = await getList();
    const answers = Array.from({ length: 50 }, (_, n) => list.ask(add(String(n))));
    const expected = Array.from({ length: 50 }, (_, n) => String(n));
    for (const [n, answer] of answers.entries()) {
      expect(await answer).toBe(`${n}@${n + 1}:${expected.slice(0, n + 1).join()}`);
    }
    await system.terminate();
  });

  test('writes all that one command persists in one append', async () => {
    const { journal, getList, system } = setUp();
    const list = await getList();
    expect(await list.ask({ do: 'addTwice', items: ['x', '#y'] })).toBe('#y@2:x,#y');
    expect(journal.appends).toEqual([
      { events: [{ added: 'x' }, { added: '#y' }], tags: [[], ['tagged']] },
    ]);
    await system.terminate();
  });

  test('writes in one append what it takes of the commands that wait, in order, up to others', async () => {
    const { journal, getList, system } = setUp();
    const list = await getList();
    await list.ask({ do: 'get' });
    const all = { do: 'addWaiting', item: 'a', atMost: 10 } as const;
    for (const command of [all, add('b'), add('c', 'd')]) list.tell(command);
    const between = list.ask({ do: 'get' });
    for (const command of [add('e'), { ...all, item: 'f', atMost: 1 }]) list.tell(command);
    for (const item of ['g', 'h']) list.tell(add(item));
    list.tell({ ...all, item: 'i' });
    list.tell(PoisonPill.instance as never);
    list.tell(add('never'));
    expect(await between).toEqual(['a', 'b', 'c', 'd']);
    await until(() => journal.appends.length === 5);
    const texts = journal.appends.map(({ events }) => events.map((e) => (e as any).added).join(''));
    expect(texts).toEqual(['abcd', 'e', 'fg', 'h', 'i']);
    await system.terminate();
  });

  test('takes no commands that wait when it may not persist', async () => {
    const { getList, system } = setUp();
    const list = await getList();
    const actor = await new Promise<ListActor>((run) => list.tell({ do: 'run', run }));
    const isAny = (_command: Command): _command is Command => true;
    expect(() => actor.takeWaiting(isAny, 1)).toThrow(ActorStateError);
    await system.terminate();
  });

  test('runs the callback of persistAll for each event as it is applied', async () => {
    const { getList, system } = setUp();
    const list = await getList();
    const replies: unknown[] = [];
    class Replies extends Actor {
      onReceive(message: unknown): void {
        replies.push(message);
      }
    }
    const replyTo = system.spawnAnonymous(Props.create(() => new Replies()));
    list.tell({ do: 'add', items: ['x', 'y'], replyTo });
    list.tell({ do: 'add', items: [], replyTo });
    await until(() => replies.length === 2);
    expect(replies).toEqual(['x@1:x', 'y@2:x,y']);
    expect(await list.ask({ do: 'get' })).toEqual(['x', 'y']);
    await system.terminate();
  });

  test('persists in callbacks and after awaits', async () => {
    const { getList, system } = setUp();
    const list = await getList();
    expect(await list.ask({ do: 'addNested', item: 'x' })).toBe('x+@2:x,x+');
    expect(await list.ask({ do: 'addAsync', item: 'y' })).toBe('y@3:x,x+,y');
    await system.terminate();
  });

  test('answers a command that persists nothing without waiting', async () => {
    const { getList, system } = setUp();
    const list = await getList();
    await list.ask({ do: 'get' });
    let actor!: ListActor;
    await list.ask({
      do: 'run',
      run(me) {
        actor = me;
        this.replyTo!.tell('ran');
      },
    });
    const result = actor.onReceive({ do: 'get' });
    expect(result).toBeUndefined();
    await system.terminate();
  });

  test('a stop waits for the write under way', async () => {
    const { journal, getList, system } = setUp();
    const list = await getList();
    await list.ask({ do: 'get' });
    let open!: () => void;
    journal.gate = new Promise((resolve) => {
      open = resolve;
    });
    const added = list.ask(add('x'));
    await until(() => journal.appends.length === 1);
    list.stop();
    open();
    expect(await added).toBe('x@1:x');
    await system.terminate();
  });

  test('refuses to persist between commands and during recovery', async () => {
    const { getList, system, journal } = setUp();
    const list = await getList();
    let actor!: ListActor;
    await list.ask({
      do: 'run',
      run(me) {
        actor = me;
        this.replyTo!.tell('ran');
      },
    });
    expect(() => actor.persist({ added: 'late' })).toThrow(ActorStateError);
    expect(() => actor.persist({ added: 'late' })).toThrow(/between commands/);
    let open!: () => void;
    journal.gate = new Promise((resolve) => {
      open = resolve;
    });
    const added = list.ask(add('x'));
    await until(() => journal.appends.length === 1);
    expect(() => actor.persist({ added: 'late' })).toThrow(/while events are being written/);
    open();
    await added;
    await system.terminate();
  });

  test('drops what a failing command persisted before it failed', async () => {
    const { getList, system, journal } = setUp({ directive: Directive.Resume });
    const list = await getList();
    list.tell({ do: 'failAfterPersist', item: 'x' });
    expect(await list.ask(add('y'))).toBe('y@1:y');
    expect(journal.appends).toHaveLength(1);
    await system.terminate();
  });

  test('applies all durable events when a callback fails', async () => {
    const { getList, system } = setUp({ directive: Directive.Resume });
    const list = await getList();
    list.tell({ do: 'failInCallback', items: ['x', 'y', 'z'] });
    expect(await list.ask({ do: 'get' })).toEqual(['x', 'y', 'z']);
    expect(story.filter((line) => line.startsWith('callback'))).toEqual(['callback x']);
    await system.terminate();
  });

  describe('when a write fails', () => {
    test.each(['definite', 'unknown', 'unknown but written'] as const)(
      'recovers from the journal and answers nobody (%s)',
      async (failure) => {
        const { journal, getList, system } = setUp();
        const list = await getList();
        await list.ask(add('x'));
        journal.failures = [failure];
        const lost = list.ask(add('y'), 300).catch((error: Error) => error);
        const state = await list.ask<State>({ do: 'get' });
        const kept = failure === 'unknown but written' ? ['x', 'y'] : ['x'];
        expect(state).toEqual(kept);
        expect(story.at(-1)).toBe(`recovered ${kept.length}: ${kept.join()}`);
        expect(await lost).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
        const last = kept.length + 1;
        expect(await list.ask(add('z'))).toBe(`z@${last}:${[...kept, 'z'].join()}`);
        await system.terminate();
      },
    );

    test('never goes on, even when its supervisor resumes it', async () => {
      const { journal, getList, system, log } = setUp({ directive: Directive.Resume });
      const list = await getList();
      await list.ask(add('x'));
      journal.failures = ['unknown but written'];
      list.tell(add('y'));
      const asked = await list.ask({ do: 'get' }, 200).catch((error: Error) => error);
      const again = await list.ask(add('z'), 200).catch((error: Error) => error);
      expect(asked).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
      expect(again).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
      const errors = log.lines.map(({ err }) => err).filter((err) => err !== undefined);
      expect(errors).toHaveLength(3);
      expect(new Set(errors).size).toBe(1);
      expect(errors[0]).toBeInstanceOf(JournalUnknownError);
      expect(journal.appends).toHaveLength(2);
      await system.terminate();
    });

    test('recovers when another writer owns the stream', async () => {
      const { journal, getList, system, log } = setUp();
      const list = await getList();
      await list.ask(add('x'));
      await journal.append('list-a', [{ added: 'theirs' }], 1);
      const lost = list.ask(add('y'), 200).catch((error: Error) => error);
      expect(await list.ask({ do: 'get' })).toEqual(['x', 'theirs']);
      expect(await lost).toMatchObject({ code: 'ERR_ASK_TIMEOUT' });
      expect(log.lines.some(({ err }) => err instanceof JournalConcurrencyError)).toBe(true);
      expect(await list.ask(add('z'))).toBe('z@3:x,theirs,z');
      await system.terminate();
    });
  });

  test('lets one of two instances succeed, and the other follow', async () => {
    const memory = new JournalMemory();
    const one = setUp({ memory });
    const two = setUp({ memory });
    const lists = [await one.getList(), await two.getList()];
    const acked: string[] = [];
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.allSettled(
        lists.map((list, who) => list.ask<string>(add(`${who}:${round}`), 100)),
      );
      const won = answers.filter((answer) => answer.status === 'fulfilled');
      expect(won).toHaveLength(1);
      acked.push(won[0]!.value.split('@')[0]!);
    }
    for (const list of lists) expect(await list.ask({ do: 'get' })).toEqual(acked);
    await one.system.terminate();
    await two.system.terminate();
  });

  describe('recovery', () => {
    test('replays events over many pages', async () => {
      const memory = new JournalMemory();
      const events = Array.from({ length: 1700 }, (_, n) => ({ added: String(n) }));
      await new InMemoryJournal(memory).append('list-a', events, 0);
      const { getList, system } = setUp({ memory });
      const list = await getList();
      expect(await list.ask<State>({ do: 'get' })).toEqual(events.map(({ added }) => added));
      await system.terminate();
    });

    test('goes on where an earlier system stopped', async () => {
      const memory = new JournalMemory();
      const first = setUp({ memory });
      await (await first.getList()).ask(add('x', 'y'));
      await first.system.terminate();
      const second = setUp({ memory });
      expect(await (await second.getList()).ask(add('z'))).toBe('z@3:x,y,z');
      expect(story).toEqual(['recovered 2: x,y']);
      await second.system.terminate();
    });

    test('starts from the newest snapshot', async () => {
      const memory = new JournalMemory();
      const snapshots = new SnapshotMemory();
      await new InMemoryJournal(memory).append('list-a', threeEvents, 0);
      await new InMemorySnapshotStore(snapshots).save('list-a', 2, ['from', 'snapshot']);
      const { getList, system } = setUp({ memory, snapshots });
      expect(await (await getList()).ask({ do: 'get' })).toEqual(['from', 'snapshot', 'three']);
      await system.terminate();
    });

    test('skips a damaged and an impossible snapshot for an older one', async () => {
      const memory = new JournalMemory();
      const snapshots = new SnapshotMemory();
      await new InMemoryJournal(memory).append('list-a', threeEvents, 0);
      const timestamp = 0;
      snapshots.streams.set('list-a', [
        { sequenceNr: 1, state: '["one!"]', timestamp },
        { sequenceNr: 2, state: '["one', timestamp },
        { sequenceNr: 9, state: '["from","another","journal"]', timestamp },
      ]);
      const { getList, system, log } = setUp({ memory, snapshots });
      expect(await (await getList()).ask({ do: 'get' })).toEqual(['one!', 'two', 'three']);
      const skipped = log.lines.filter(({ message }) => message === 'skipped a snapshot');
      expect(skipped.map(({ err }) => err!.message)).toEqual([
        expect.stringContaining('snapshot 9 of '),
        expect.stringContaining('snapshot 2 of '),
      ]);
      await system.terminate();
    });

    test('skips a snapshot that is no state of the actor', async () => {
      const memory = new JournalMemory();
      const snapshots = new SnapshotMemory();
      await new InMemoryJournal(memory).append('list-a', threeEvents, 0);
      snapshots.streams.set('list-a', [{ sequenceNr: 2, state: '{"v":2}', timestamp: 0 }]);
      const { getList, system, log } = setUp({ memory, snapshots });
      expect(await (await getList()).ask({ do: 'get' })).toEqual(['one', 'two', 'three']);
      const [skipped] = log.lines.filter(({ message }) => message === 'skipped a snapshot');
      expect(skipped!.err).toBeInstanceOf(JournalCorruptError);
      expect(skipped!.err!.message).toContain("snapshot 2 of 'list-a' is no state of this actor");
      await system.terminate();
    });

    test.each(['null', '7', '{}', '{"added":7}'])(
      'refuses a stream with an event %s, which is none of the actor',
      async (text) => {
        const memory = new JournalMemory();
        await new InMemoryJournal(memory).append('list-a', threeEvents, 0);
        const { events } = memory.streams.get('list-a')!;
        events[1] = { ...events[1]!, event: text };
        const { system, log, getList } = setUp({ memory, directive: Directive.Stop });
        await getList();
        await until(() => log.lines.length > 0);
        expect(log.lines[0]!.err!.cause).toBeInstanceOf(JournalCorruptError);
        expect(story[0]).toContain("event 2 of 'list-a' is none of this actor");
        await system.terminate();
      },
    );

    test('refuses a stream with a gap', async () => {
      const memory = new JournalMemory();
      const journal = new InMemoryJournal(memory);
      await journal.append('list-a', threeEvents, 0);
      memory.streams.get('list-a')!.events.splice(1, 1);
      const { system, log, getList } = setUp({ memory, directive: Directive.Stop });
      await getList();
      await until(() => log.lines.length > 0);
      const { err } = log.lines[0]!;
      expect(err).toBeInstanceOf(ActorInitializationError);
      expect(err!.cause).toBeInstanceOf(JournalCorruptError);
      expect(story).toEqual([
        "recovery failed: events 2 to 2 of 'list-a' are missing, and no usable snapshot holds them",
      ]);
      await system.terminate();
    });

    test('refuses a stream whose events are gone without a snapshot', async () => {
      const memory = new JournalMemory();
      const journal = new InMemoryJournal(memory);
      await journal.append('list-a', threeEvents, 0);
      await journal.delete('list-a', 3);
      const { system, log, getList } = setUp({ memory, directive: Directive.Stop });
      await getList();
      await until(() => log.lines.length > 0);
      expect(story[0]).toContain("events 1 to 3 of 'list-a' are missing");
      await system.terminate();
    });

    test('names the event that cannot be applied', async () => {
      const memory = new JournalMemory();
      await new InMemoryJournal(memory).append('list-a', [{ added: 'poison' }], 0);
      const { system, log, getList } = setUp({ memory, directive: Directive.Stop });
      await getList();
      await until(() => log.lines.length > 0);
      expect(story[0]).toContain("onEvent failed on event 1 of 'list-a': cannot apply");
      await system.terminate();
    });
  });

  describe('snapshots', () => {
    test('are saved every n events', async () => {
      const snapshots = new SnapshotMemory();
      const { getList, system } = setUp({ snapshots, policy: everyNEvents(3) });
      const list = await getList();
      for (const item of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await list.ask(add(item));
      await until(() => snapshots.streams.get('list-a')?.length === 2);
      const saved = snapshots.streams.get('list-a')!;
      expect(saved.map(({ sequenceNr, state }) => [sequenceNr, state])).toEqual([
        [3, '["a","b","c"]'],
        [6, '["a","b","c","d","e","f"]'],
      ]);
      await system.terminate();
    });

    test('hold the state after the command that asked', async () => {
      const snapshots = new SnapshotMemory();
      const { getList, system } = setUp({ snapshots });
      const list = await getList();
      list.tell({
        do: 'run',
        run(actor) {
          actor.persist({ added: 'x' });
          actor.saveSnapshot();
        },
      });
      await until(() => snapshots.streams.has('list-a'));
      expect(snapshots.streams.get('list-a')![0]).toMatchObject({ sequenceNr: 1, state: '["x"]' });
      await system.terminate();
    });

    test('that cannot be saved are logged and stop nobody', async () => {
      const { getList, system, store, log } = setUp({ policy: everyNEvents(1) });
      const list = await getList();
      await list.ask({ do: 'get' });
      await store.close();
      expect(await list.ask(add('x'))).toBe('x@1:x');
      expect(await list.ask(add('y'))).toBe('y@2:x,y');
      await until(() => log.lines.length >= 2);
      expect(log.lines[0]!.message).toBe('saving a snapshot failed');
      await system.terminate();
    });

    test('let history be deleted, and nothing else does', async () => {
      const memory = new JournalMemory();
      const snapshots = new SnapshotMemory();
      const { getList, system, journal, log } = setUp({ memory, snapshots });
      const list = await getList();
      await list.ask(add('x', 'y', 'z'));
      list.tell({ do: 'run', run: (actor) => actor.deleteHistory(2) });
      await until(() => log.lines.length === 1);
      expect(log.lines[0]!.err!.message).toMatch(/still needed/);
      list.tell({
        do: 'run',
        run(actor) {
          actor.saveSnapshot();
          actor.deleteHistory(3);
        },
      });
      await until(() => memory.streams.get('list-a')!.events.length === 0);
      expect(await journal.highestSeq('list-a')).toBe(3);
      await system.terminate();
      const again = setUp({ memory, snapshots });
      expect(await (await again.getList()).ask(add('!'))).toBe('!@4:x,y,z,!');
      await again.system.terminate();
    });

    test('refuse numbers that make no sense', async () => {
      const { getList, system } = setUp({ directive: Directive.Resume });
      const list = await getList();
      const refused: unknown[] = [];
      await list.ask({
        do: 'run',
        run(actor) {
          for (const bad of [0, 1, 1.5]) {
            try {
              actor.deleteHistory(bad);
            } catch (error) {
              refused.push(error);
            }
          }
          this.replyTo!.tell('ran');
        },
      });
      expect(refused).toHaveLength(3);
      for (const error of refused) expect(error).toBeInstanceOf(JournalError);
      expect(() => everyNEvents(0)).toThrow(OptionsError);
      await system.terminate();
    });
  });

  test('traces a persisted command with its correlation id', async () => {
    const { getList, system } = setUp({ options: { trace: true } });
    const hops: TraceHop[] = [];
    system.eventStream.subscribe((hop: TraceHop) => hops.push(hop), TraceHop);
    const list = await getList();
    await list.ask({ do: 'add', items: ['x'], id: 'id-1' });
    expect(hops.filter(({ hop }) => hop === 'persist')).toMatchObject([
      { id: 'id-1', details: { persistenceId: 'list-a', sequenceNr: 1 } },
    ]);
    list.tell({ do: 'addWaiting', item: 'y', atMost: 1 });
    list.tell({ do: 'add', items: ['z'], id: 'id-2' });
    await until(() => hops.some(({ hop, id }) => hop === 'persist' && id === 'id-2'));
    await system.terminate();
  });

  test('tells who overrides preStart to call the one above', async () => {
    class Forgetful extends ListActor {
      override async preStart(): Promise<void> {}
    }
    const log = new ListLogger();
    const system = ActorSystem.create('test', { log });
    system
      .spawn(
        Props.create(() => new Forgetful()),
        'a',
      )
      .tell({ do: 'get' });
    await until(() => log.lines.length > 0);
    expect(log.lines[0]!.err!.message).toMatch(/super\.preStart/);
    await system.terminate();
  });
});

const threeEvents = [{ added: 'one' }, { added: 'two' }, { added: 'three' }];

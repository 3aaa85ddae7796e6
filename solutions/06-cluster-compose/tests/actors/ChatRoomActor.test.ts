// A room as an entity, on journal and snapshots in memory that outlive the node.
import {
  type ActorRef,
  AskTimeoutError,
  ClusterSharding,
  InMemoryJournal,
  InMemorySnapshotStore,
  JournalMemory,
  PersistenceExtensionId,
  Props,
  SnapshotMemory,
  Subscribe,
} from 'actor-ts';
import { type TestKit, type TestProbe, until } from 'actor-ts/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ChatRoomActor } from '../../src/actors/ChatRoomActor.ts';
import type { Page, Posted } from '../../src/messages.ts';
import { oneNode } from './oneNode.ts';

let events: JournalMemory;
let snapshots: SnapshotMemory;
let kit: TestKit;
let region: ActorRef;
let reader: TestProbe;

async function start(): Promise<void> {
  const node = await oneNode();
  kit = node.kit;
  const persistence = kit.system.extension(PersistenceExtensionId);
  persistence.setJournal(new InMemoryJournal(events));
  persistence.setSnapshotStore(new InMemorySnapshotStore(snapshots));
  reader = kit.createTestProbe();
  node.mediator.tell(new Subscribe('room.lobby', reader.ref));
  region = ClusterSharding.get(kit.system, node.cluster).start({
    typeName: 'room',
    entityProps: Props.create(() => new ChatRoomActor('node1')),
    extractEntityId: (msg: { roomId: string }) => msg.roomId,
  });
}

async function restart(): Promise<void> {
  await kit.shutdown();
  await start();
}

beforeEach(() => {
  events = new JournalMemory();
  snapshots = new SnapshotMemory();
  return start();
});

afterEach(() => kit.shutdown());

const ask = <T>(msg: object) => region.ask<T>({ roomId: 'lobby', ...msg });
const post = (id: string) => ask<Posted>({ kind: 'post', from: 'ann', id, text: id });
const seqs = (page: Page) => page.messages.map(({ seq }) => seq);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Puts `count` messages of `bytes` each into the journal. */
async function write(count: number, bytes = 1): Promise<void> {
  const text = 'x'.repeat(bytes);
  const posted = range(1, count).map((seq) => {
    return { kind: 'posted', message: { seq, id: `id-${seq}`, from: 'ann', text, at: '' } };
  });
  const journal = new InMemoryJournal(events);
  for (let i = 0; i < count; i += 5000) {
    await journal.append('room-lobby', posted.slice(i, i + 5000), i);
  }
}

test('answers, and then publishes, what is in the journal', async () => {
  expect(await post('a')).toEqual({ seq: 1, node: 'node1', repeated: false });
  const { payload } = await reader.fishForMessage((msg) => msg.kind === 'inbound');
  expect(payload).toMatchObject([{ type: 'message', room: 'lobby', seq: 1, id: 'a', from: 'ann' }]);
  expect(await post('a')).toEqual({ seq: 1, node: 'node1', repeated: true });
  expect(await post('b')).toMatchObject({ seq: 2 });
  const next = await reader.fishForMessage((msg) => msg.kind === 'inbound');
  expect(next.payload).toMatchObject([{ seq: 2 }]);
});

test('writes and publishes together what came meanwhile, and each message once', async () => {
  const { journal } = kit.system.extension(PersistenceExtensionId);
  const appends = vi.spyOn(journal, 'append');
  const answers = await Promise.all(['a', 'b', 'a', 'c', 'b'].map(post));
  expect(answers.map(({ seq, repeated }) => [seq, repeated])).toEqual([
    [1, false],
    [2, false],
    [1, true],
    [3, false],
    [2, true],
  ]);
  expect(appends.mock.calls.map(([, events]) => events.length)).toEqual([3]);
  expect(seqs(await ask<Page>({ kind: 'history', limit: 10 }))).toEqual([1, 2, 3]);
  const { payload } = await reader.fishForMessage((msg) => msg.kind === 'inbound');
  expect(payload).toMatchObject([{ seq: 1 }, { seq: 2 }, { seq: 3 }]);
});

test('takes a hundred posts for one write, so that no journal refuses it', async () => {
  const { journal } = kit.system.extension(PersistenceExtensionId);
  const appends = vi.spyOn(journal, 'append');
  const answers = await Promise.all(range(1, 250).map((n) => post(`${n}`)));
  expect(answers.map(({ seq }) => seq)).toEqual(range(1, 250));
  expect(appends.mock.calls.map(([, events]) => events.length)).toEqual([100, 100, 50]);
});

test('tells its head a while after the last message, and again', async () => {
  await post('a');
  for (let i = 0; i < 2; i++) {
    const head = await reader.fishForMessage((msg) => msg.kind === 'head');
    expect(head).toEqual({ kind: 'head', roomId: 'lobby', head: 1 });
  }
});

test('tells what a predecessor could not publish any more', async () => {
  await write(3);
  await ask<Page>({ kind: 'history', limit: 1 });
  expect(await reader.fishForMessage((msg) => msg.kind === 'head')).toMatchObject({ head: 3 });
});

test('knows the ids of the last 10,000 messages, after a snapshot and a recovery too', async () => {
  await write(10_500);
  const oldest = { id: 'id-501', seq: 501 };
  expect(await post(oldest.id)).toMatchObject({ seq: oldest.seq, repeated: true });
  expect(await post('id-10500')).toMatchObject({ seq: 10_500, repeated: true });
  expect(await post('new')).toMatchObject({ seq: 10_501, repeated: false });
  await until(() => snapshots.streams.get('room-lobby')?.length, { what: 'a snapshot' });
  await restart();
  expect(await post('new')).toMatchObject({ seq: 10_501, repeated: true });
  expect(await post('id-502')).toMatchObject({ seq: 502, repeated: true });
  expect(await post('newer')).toMatchObject({ seq: 10_502, repeated: false });
});

test('resumes with all that came after, or with the newest 100 when that is more than 500', async () => {
  await write(1000);
  const resume = (since?: number) => ask<Page>({ kind: 'resume', since });
  const close = await resume(500);
  expect([close.complete, close.head, seqs(close)]).toEqual([true, 1000, range(501, 1000)]);
  const far = await resume(499);
  expect([far.complete, seqs(far)]).toEqual([false, range(901, 1000)]);
  const fresh = await resume();
  expect([fresh.complete, seqs(fresh)]).toEqual([true, range(901, 1000)]);
  const ahead = await resume(1001);
  expect([ahead.complete, seqs(ahead)]).toEqual([false, range(901, 1000)]);
});

test('gives pages of at most 256 KiB of text', async () => {
  await write(100, 8192);
  const history = (query: object) => ask<Page>({ kind: 'history', limit: 500, ...query });
  expect(seqs(await history({ since: 0 }))).toEqual(range(1, 32));
  expect(seqs(await history({ since: 32 }))).toEqual(range(33, 64));
  expect(seqs(await history({}))).toEqual(range(69, 100));
  expect(seqs(await history({ before: 69 }))).toEqual(range(37, 68));
  const resumed = await ask<Page>({ kind: 'resume', since: 10 });
  expect([resumed.complete, seqs(resumed)]).toEqual([false, range(69, 100)]);
});

const good = { seq: 1, id: 'm1', from: 'ann', text: 'x', at: '' };

test.each([
  ['of another release', { version: 2, messages: [good] }],
  ['without ids', { head: 2, recent: [] }],
  ['of another head', { head: 7, recent: [], seqs: [] }],
  ['whose messages end elsewhere', { head: 2, recent: [good], seqs: [] }],
  [
    'whose messages have a gap',
    {
      head: 2,
      recent: [
        { ...good, seq: 0 },
        { ...good, seq: 2 },
      ],
      seqs: [],
    },
  ],
  ['whose ids are a list', { head: 2, recent: [], seqs: [['ann m1', 1]] }],
])('a snapshot %s is passed over for the events', async (_what, state) => {
  await post('m1');
  await post('m2');
  await new InMemorySnapshotStore(snapshots).save('room-lobby', 2, state);
  await restart();
  expect((await post('m1')).seq).toBe(1);
  expect((await post('m3')).seq).toBe(3);
  expect(seqs(await ask<Page>({ kind: 'history', limit: 10 }))).toEqual([1, 2, 3]);
});

test.each([
  ['without a message', { kind: 'posted' }],
  ['of another kind', { kind: 'deleted', message: good }],
  ['with a number that is text', { kind: 'posted', message: { ...good, seq: '2' } }],
  ['with the number of another', { kind: 'posted', message: good }],
])('a room is not made of an event %s', async (_what, event) => {
  await post('m1');
  await new InMemoryJournal(events).append('room-lobby', [event], 1);
  await restart();
  const asked = region.ask({ roomId: 'lobby', kind: 'history', limit: 10 }, 500);
  await expect(asked).rejects.toThrow(AskTimeoutError);
  expect((await region.ask<Posted>({ ...aPost, roomId: 'hall' })).seq).toBe(1);
});

const aPost = { kind: 'post', from: 'ann', id: 'a', text: 'a' };

test('an old event that is damaged is an error to who reads it, and posting goes on', async () => {
  await write(300);
  const stream = events.streams.get('room-lobby')!.events;
  stream[9] = { ...stream[9]!, event: '{"kind":"posted","message":{"seq":10}}' };
  const { length } = stream;
  await new InMemorySnapshotStore(snapshots).save('room-lobby', length, {
    head: length,
    recent: [],
    seqs: [],
  });
  await restart();
  const read = ask({ kind: 'history', since: 5, limit: 10 });
  await expect(read).rejects.toMatchObject({ code: 'ERR_JOURNAL_CORRUPT' });
  expect((await post('more')).seq).toBe(301);
});

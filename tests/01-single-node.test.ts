// Step 1: rooms and users are actors in one process, talked to over HTTP.
import { afterEach, expect } from 'vitest';
import { eventually } from './harness/eventually.ts';
import { exercise, type Solved } from './harness/exercise.ts';
import { fresh, Login, type Message } from './harness/Login.ts';
import { useStep } from './harness/useStep.ts';

const cluster = useStep(1);
const login = (name: string) => Login.as(fresh(name), cluster.nodes[0]!);
const read = (reader: Login, room: string, query = '') =>
  reader.call('GET', `/rooms/${room}/messages${query}`);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

afterEach(async () => {
  for (const node of cluster.nodes) if (!node.isRunning) await node.start(); // what the test has ended
});

exercise('1.1', 'brings a message to a room that nobody has named before', async (solved) => {
  const ann = await login('ann');
  solved(await ann.post(fresh('room'), 'a1', 'hello'), 201);
  solved(await read(ann, fresh('room')), 200);
});

exercise('1.1', 'has one room for each name, and none for two', async (solved) => {
  const [ann, bob] = [await login('ann'), await login('bob')];
  const [lobby, den] = [fresh('lobby'), fresh('den')];
  const seqs = [];
  for (const [user, room] of [
    [ann, lobby],
    [bob, lobby],
    [ann, den],
    [ann, lobby],
  ] as const) {
    seqs.push(solved(await user.post(room, fresh('id'), 'hello'), 201).seq);
  }
  expect(seqs).toEqual([1, 2, 1, 3]);
  expect(solved(await read(ann, lobby), 200).head).toBe(3);
  expect(solved(await read(ann, den), 200).head).toBe(1);
});

exercise('1.2', 'answers with what the room has answered', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const first = solved(await ann.post(room, 'a1', 'hello'), 201);
  expect(first).toEqual({ room, id: 'a1', seq: 1, node: 'node1' });
  const second = solved(await ann.post(room, 'a2', 'hello'), 201);
  expect(second).toEqual({ room, id: 'a2', seq: 2, node: 'node1' });
});

exercise('1.2', 'posts as the user whose session it is', async (solved) => {
  const [ann, bob, room] = [await login('ann'), await login('bob'), fresh('room')];
  for (const user of [ann, bob, ann]) solved(await user.post(room, fresh('id'), 'hello'), 201);
  const { messages } = solved(await read(bob, room), 200);
  expect(messages.map(({ from }: Message) => from)).toEqual([ann.user, bob.user, ann.user]);
});

exercise('1.2', 'does not let a room that is silent hold up its user in others', async (solved) => {
  const [ann, silent, other] = [await login('ann'), fresh('silent'), fresh('other')];
  solved(await ann.post(silent, 'a1', 'hello'), 201);
  // A command that the room does not know. Nobody waits for what becomes of it.
  void ann.post(silent, 'a2', '/dance').catch(() => 'the nodes may be gone before the answer');
  for (let i = 0; i < 3; i++) solved(await read(ann, silent), 200); // it has arrived by then
  solved(await ann.post(other, 'a3', 'hello'), 201);
});

exercise('1.2', 'outlives a question that the room never answers', async (solved) => {
  const [ann, silent] = [await login('ann'), fresh('silent')];
  solved(await ann.post(silent, 'a1', 'hello'), 201);
  await ann.post(silent, 'a2', '/dance'); // answered by the clock, after 2 of the session's 5 seconds
  const isGone = () =>
    read(ann, silent).then(
      () => false,
      () => true,
    );
  expect(await eventually(isGone, (gone) => gone, 4000), 'whether the node has gone').toBe(false);
});

exercise('1.3', 'numbers messages that come all at once, without a gap', async (solved) => {
  const [ann, bob, room] = [await login('ann'), await login('bob'), fresh('room')];
  const posts = upTo(30).map((i) => (i % 2 === 0 ? ann : bob).post(room, `m${i}`, `text ${i}`));
  const answers = (await Promise.all(posts)).map((answer) => solved(answer, 201));
  expect(answers.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(upTo(30));
  expect(new Set(answers.map(({ node }) => node))).toEqual(new Set(['node1']));
});

exercise('1.3', 'keeps a message as it was sent, and when', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const before = Date.now();
  solved(await ann.post(room, 'a1', 'hello, wörld'), 201);
  const after = Date.now();
  const { messages } = solved(await read(ann, room), 200);
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
  expect(messages).toEqual([{ seq: 1, id: 'a1', from: ann.user, text: 'hello, wörld', at }]);
  const time = Date.parse(messages[0].at);
  expect(time).toBeGreaterThanOrEqual(before - 1000); // it may be given in whole seconds
  expect(time).toBeLessThanOrEqual(after);
});

exercise('1.4', 'answers with those messages that were asked for, oldest first', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const i of upTo(10)) solved(await ann.post(room, `m${i}`, `text ${i}`), 201);
  const expected = {
    '': upTo(10),
    '?limit=3': [8, 9, 10],
    '?since=0': upTo(10),
    '?since=3': [4, 5, 6, 7, 8, 9, 10],
    '?since=3&limit=2': [4, 5],
    '?since=10': [],
    '?since=11': [],
    '?before=4': [1, 2, 3],
    '?before=9&limit=2': [7, 8],
    '?before=1': [],
    '?since=3&before=7': [4, 5, 6],
    '?since=3&before=7&limit=1': [4],
  };
  const got: Record<string, number[]> = {};
  for (const query of Object.keys(expected)) {
    const { head, messages } = solved(await read(ann, room, query), 200);
    expect(head, `head of ${query}`).toBe(10);
    got[query] = messages.map(({ seq }: Message) => seq);
    for (const { seq, id, text } of messages)
      expect([id, text]).toEqual([`m${seq}`, `text ${seq}`]);
  }
  expect(got).toEqual(expected);
});

exercise('1.4', 'without a limit ends after 100: the newest, or the next ones', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const i of upTo(103)) solved(await ann.post(room, `m${i}`, 'hello'), 201);
  const newest = solved(await read(ann, room), 200);
  expect(newest.messages.map(({ seq }: Message) => seq)).toEqual(upTo(103).slice(3));
  const next = solved(await read(ann, room, '?since=2'), 200);
  expect(next.messages.map(({ seq }: Message) => seq)).toEqual(upTo(102).slice(2));
});

exercise('1.4', 'says of a room where nothing was said that its head is 0', async (solved) => {
  const room = fresh('room');
  const page = solved(await read(await login('ann'), room), 200);
  expect(page).toEqual({ room, head: 0, messages: [] });
});

/** Two rooms with messages in them; the first is then told `text` and fails. */
async function afterFailing(text: string, solved: Solved) {
  const ann = await login('ann');
  const [failing, other] = [fresh('failing'), fresh('other')];
  for (const room of [failing, failing, other])
    solved(await ann.post(room, fresh('id'), 'hi'), 201);
  await ann.post(failing, fresh('id'), text); // answered by nobody but the clock
  const heads = [];
  for (const room of [failing, other]) heads.push(solved(await read(ann, room), 200).head);
  const next = solved(await ann.post(failing, fresh('id'), 'still there?'), 201).seq;
  return { failing: heads[0], other: heads[1], next };
}

exercise('1.5', 'lets a room that met an unknown command go on as it was', async (solved) => {
  expect(await afterFailing('/dance', solved)).toEqual({ failing: 2, other: 1, next: 3 });
});

exercise('1.5', 'lets a room that crashed begin anew, and no other', async (solved) => {
  expect(await afterFailing('/crash', solved)).toEqual({ failing: 0, other: 1, next: 1 });
});

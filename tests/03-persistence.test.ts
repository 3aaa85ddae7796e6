// Step 3: a room's messages are in the journal. Which are, is looked up in the database file itself.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Actor, type ActorRef, ActorSystem, AskTimeoutError, Props } from 'actor-ts';
import { until } from 'actor-ts/testkit';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { TestNode } from './harness/Driver.ts';
import { eventually, GIVEN_UP_WITHIN_MS } from './harness/eventually.ts';
import { exercise, LaterExercise, type Solved, unlessLater } from './harness/exercise.ts';
import { useHops } from './harness/Hops.ts';
import { type Answer, fresh, Login, type Message } from './harness/Login.ts';
import { placesOf } from './harness/places.ts';
import { stepDir, useStep } from './harness/useStep.ts';

const cluster = useStep(3, { env: { TRACE: 'true' } });
const hops = useHops(cluster);
const login = (name: string, node = 0) => Login.as(fresh(name), cluster.nodes[node]!);
const nodeNamed = (name: string) => cluster.nodes.find((node) => node.name === name)!;
const othersThan = (node: TestNode) => cluster.nodes.filter((other) => other !== node);
const read = (reader: Login, room: string, query = '') =>
  reader.call('GET', `/rooms/${room}/messages${query}`);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

afterEach(async () => {
  for (const node of cluster.nodes) if (node.isRunning) await node.resume();
  const down = cluster.nodes.filter((node) => !node.isRunning);
  await Promise.all(down.map((node) => node.start())); // what the test has ended
});

/** A room that runs on `node`: the first of those that were posted to and answer from there. */
async function roomOn(node: TestNode, poster: Login, solved: Solved): Promise<string> {
  for (let tries = 0; tries < 60; tries++) {
    const room = fresh('room');
    const { node: place } = solved(await poster.post(room, 'first', 'hello'), 200, 201);
    if (place === node.name) return room;
  }
  return expect.fail(`of 60 rooms none runs on ${node.name}`);
}

/** Somebody whose session runs on `node`, and who comes by it. */
async function userOn(node: TestNode, solved: Solved): Promise<Login> {
  for (let tries = 0; tries < 60; tries++) {
    const user = await Login.as(fresh('user'), node);
    solved(await user.post(fresh('room'), 'first', 'hello'), 200, 201);
    if ((await placesOf('session', user.user, node, cluster.nodes)).includes(node.name))
      return user;
  }
  return expect.fail(`of 60 sessions none runs on ${node.name}`);
}

// ---- the database file ---------------------------------------------------------------------------

/** The texts of the events that the room has written. */
async function eventsOf(room: string): Promise<string[]> {
  const sql = 'SELECT event FROM events WHERE pid = ? ORDER BY seq';
  return (await cluster.data.query(sql, `room-${room}`)).map(({ event }) => event);
}
async function snapshotsOf(room: string): Promise<number[]> {
  const sql = 'SELECT seq FROM snapshots WHERE pid = ? ORDER BY seq';
  return (await cluster.data.query(sql, `room-${room}`)).map(({ seq }) => seq);
}
/** Before exercise 3.4 there is no file, and an earlier exercise is not to blame for that. */
async function unlessInMemory(): Promise<void> {
  if (!(await cluster.data.exists()))
    throw new LaterExercise('3.4: nothing is written to a file yet');
}

// ---- the tests -----------------------------------------------------------------------------------

exercise('3.1', 'answers a message with its number and its node', async (solved) => {
  const room = fresh('room');
  const posted = solved(await (await login('ann')).post(room, 'a1', 'hello'), 201);
  const node = expect.stringMatching(/^node[123]$/);
  expect(posted).toEqual({ room, id: 'a1', seq: 1, node });
});

exercise('3.1', 'answers only after the message is in the journal', async (solved) => {
  const ann = await userOn(cluster.nodes[0]!, solved);
  const [, home] = cluster.nodes as [TestNode, TestNode];
  const [room, other] = [await roomOn(home, ann, solved), await roomOn(home, ann, solved)];
  await unlessInMemory();
  let answer: Answer | null = null;
  const lock = await cluster.data.lock(); // nobody else can write
  const posting = ann.post(room, 'a2', 'written down?').then((got) => {
    answer = got;
    return got;
  });
  try {
    await hops.home('room', room, 'a2');
    // Answers that come from there as well, and later: an answer to the message would be here too.
    for (let i = 0; i < 20; i++) solved(await read(ann, other), 200);
    expect(answer, 'what was answered while nothing could be written').toBe(null);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
  solved(await posting, 200, 201);
  expect((await eventsOf(room)).join('\n')).toMatch('written down?');
});

exercise(
  '3.2',
  'numbers messages from 1 without a gap, whichever node they come by',
  async (solved) => {
    const [ann, room] = [await login('ann'), fresh('room')];
    const answers = await Promise.all(
      upTo(30).map((i) => ann.at(cluster.nodes[i % 3]!).post(room, `m${i}`, `text ${i}`)),
    );
    const seqs = answers.map((answer) => solved(answer, 200, 201).seq);
    expect(seqs.sort((a, b) => a - b)).toEqual(upTo(30));
  },
);

exercise(
  '3.2',
  'tells what was said, from one node through a room on another to a third',
  async (solved) => {
    const [sending, holding, reading] = cluster.nodes as [TestNode, TestNode, TestNode];
    const ann = await login('ann');
    const room = await roomOn(holding, ann.at(sending), solved);
    const posted = solved(await ann.at(sending).post(room, 'a2', 'across'), 201);
    expect([posted.seq, posted.node]).toEqual([2, holding.name]);
    expect(await placesOf('room', room, reading, cluster.nodes)).toEqual([holding.name]);
    const { head, messages } = solved(await read(ann.at(reading), room), 200);
    expect(head).toBe(2);
    expect(messages[1]).toEqual({
      seq: 2,
      id: 'a2',
      from: ann.user,
      text: 'across',
      at: expect.any(String),
    });
  },
);

exercise('3.2', 'has old messages as well as new ones', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const i of upTo(6)) await postAll(ann, room, (i - 1) * 20 + 1, i * 20, solved);
  const got: Record<string, number[]> = {};
  const expected = {
    '': upTo(120).slice(20),
    '?since=0&limit=3': [1, 2, 3],
    '?since=18&limit=4': [19, 20, 21, 22],
    '?since=117': [118, 119, 120],
    '?before=24&limit=5': [19, 20, 21, 22, 23],
  };
  for (const asked of Object.keys(expected)) {
    const { head, messages } = solved(await read(ann, room, asked), 200);
    expect(head).toBe(120);
    got[asked] = messages.map(({ seq }: Message) => seq);
  }
  expect(got).toEqual(expected);
});

exercise('3.3', 'has a message once that was sent three times, by three nodes', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  const answers: Answer[] = [];
  for (const node of cluster.nodes) answers.push(await ann.at(node).post(room, 'a1', 'once'));
  for (const answer of answers) solved(answer, 200, 201);
  expect(answers.map(({ status, body }) => [status, body.seq])).toEqual([
    [201, 1],
    [200, 1],
    [200, 1],
  ]);
  expect(solved(await ann.post(room, 'a2', 'another'), 201).seq).toBe(2);
  expect(solved(await read(ann, room), 200).head).toBe(2);
});

exercise('3.3', 'takes the same id from two users as two messages', async (solved) => {
  const [ann, bob, room] = [await login('ann'), await login('bob'), fresh('room')];
  expect(solved(await ann.post(room, 'same', 'from ann'), 201).seq).toBe(1);
  expect(solved(await bob.post(room, 'same', 'from bob'), 201).seq).toBe(2);
  expect(solved(await ann.post(room, 'same', 'from ann'), 200).seq).toBe(1);
});

exercise('3.3', 'knows a message again that is no longer among the newest', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  await postAll(ann, room, 1, 130, solved);
  const oldest = solved(await read(ann, room, '?since=0&limit=20'), 200).messages as Message[];
  const first = oldest.find(({ id }) => id === 'm7')?.seq;
  expect(first, 'the number of m7').toBeTypeOf('number');
  expect(solved(await ann.post(room, 'm7', 'text 7'), 200).seq).toBe(first);
  expect(solved(await read(ann, room), 200).head).toBe(130);
});

exercise('3.4', 'has everything again after all nodes were killed', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  for (const i of upTo(3)) solved(await ann.post(room, `m${i}`, `text ${i}`), 201);
  const before = solved(await read(ann, room), 200);
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  expect(solved(await read(ann, room), 200)).toEqual(before);
  expect(solved(await ann.post(room, 'm2', 'text 2'), 200).seq).toBe(2);
  expect(solved(await ann.post(room, 'm4', 'text 4'), 201).seq).toBe(4);
});

exercise('3.4', 'keeps it in the file that JOURNAL names', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  solved(await ann.post(room, 'a1', 'hello, file'), 201);
  expect(await cluster.data.exists(), 'whether the file is there').toBe(true);
  expect(await eventsOf(room)).toEqual([expect.stringContaining('hello, file')]);
});

exercise('3.5', 'saves a snapshot after 1000 messages, and none before', async (solved) => {
  const [ann, room] = [await login('ann'), fresh('room')];
  await postAll(ann, room, 1, 990, solved);
  expect(await cluster.data.exists(), 'whether the file of exercise 3.4 is there').toBe(true);
  expect(await snapshotsOf(room), 'snapshots after 990 messages').toEqual([]);
  await postAll(ann, room, 991, 1010, solved);
  const message = 'the numbers of the snapshots after 1010 messages';
  const numbers = async () => (await snapshotsOf(room)).join();
  expect(await eventually(numbers, (now) => now !== ''), message).toMatch(/^10(0\d|10)$/);
  // And the room that begins with it is the one it was.
  const [place] = await placesOf('room', room, ann.node, cluster.nodes);
  const [survivor] = othersThan(nodeNamed(place!)) as [TestNode];
  await nodeNamed(place!).kill();
  const answer = await eventually(
    () => read(ann.at(survivor), room),
    ({ status }) => status !== 503,
    GIVEN_UP_WITHIN_MS,
  );
  expect(solved(answer, 200).head).toBe(1010);
  const early = solved(await read(ann.at(survivor), room, '?since=4&limit=1'), 200).messages[0];
  expect(solved(await ann.at(survivor).post(room, early.id, 'again'), 200).seq).toBe(5);
  expect(solved(await ann.at(survivor).post(room, 'new', 'hello'), 201).seq).toBe(1011);
});

exercise(
  '3.6',
  'brings a message to its room although the node of the room dies with it',
  async (solved) => {
    const [sending, holding, reading] = cluster.nodes as [TestNode, TestNode, TestNode];
    const probe = await login('probe', 0);
    const room = await roomOn(holding, probe, solved);
    const elsewhere = await roomOn(reading, probe, solved);
    // Somebody whose session outlives the node.
    let ann = await login('ann', 0);
    for (;;) {
      solved(await ann.post(elsewhere, fresh('id'), 'hello'), 201);
      const places = await placesOf('session', ann.user, sending, cluster.nodes);
      if (!places.includes(holding.name)) break;
      ann = await login('ann', 0);
    }
    await holding.pause();
    const posting = ann.post(room, 'a1', 'is anybody there?');
    // Once these are answered, the one before is on its way to the node that does not move.
    for (let i = 0; i < 5; i++) solved(await ann.post(elsewhere, fresh('id'), 'hello'), 201);
    await holding.kill();
    const { seq, node } = solved(await posting, 200, 201);
    expect([seq, node]).toEqual([2, expect.stringMatching(/^node[13]$/)]);
    const { head, messages } = solved(await read(ann.at(reading), room), 200);
    expect(head).toBe(2);
    expect(messages[1]).toMatchObject({ id: 'a1', from: ann.user, text: 'is anybody there?' });
  },
);

// What a cluster shows rarely, askUntil is asked by itself.
let system: ActorSystem;
beforeAll(() => {
  system = ActorSystem.create('asking', { logLevel: 'silent' });
});
afterAll(() => system.terminate());

interface Question {
  readonly what: string;
  readonly replyTo: ActorRef<unknown>;
}
/** An actor that does `answer` with its first question, second question, and so on. */
function oneWho(...answers: ((question: Question) => void)[]) {
  const questions: Question[] = [];
  class Answering extends Actor<Question> {
    override onReceive(question: Question) {
      questions.push(question);
      answers[questions.length - 1]?.(question);
    }
  }
  return { questions, ref: system.spawnAnonymous(Props.create(() => new Answering())) };
}
type AskUntil = typeof import('../solutions/03-persistence/src/askUntil.ts')['askUntil'];
async function theirs(): Promise<AskUntil> {
  return (await import(/* @vite-ignore */ join(stepDir(3), 'src/askUntil.ts'))).askUntil;
}
/** What became of a question: its answer, or the error. None of them is asked for so long. */
async function outcome(asking: Promise<unknown>): Promise<unknown> {
  const tooLong = delay(8000, 'neither an answer nor an error', { ref: false });
  const result = await Promise.race([asking.catch((error) => error), tooLong]);
  if (result instanceof Error) {
    unlessLater('3.6', result.message);
    if (/exercise 3\.6 is not solved/.test(result.message)) expect.fail(result.message);
  }
  return result;
}
const silent = () => undefined;

exercise('3.6', 'asks the same again when nobody answers', async () => {
  const { questions, ref } = oneWho(silent, silent, ({ replyTo }) => replyTo.tell('yes'));
  expect(await outcome((await theirs())(ref, { what: 'is it?' }, 5000))).toBe('yes');
  expect(questions.map(({ what }) => what)).toEqual(['is it?', 'is it?', 'is it?']);
});

exercise('3.6', 'takes an error for no answer, and an unsolved exercise for one', async () => {
  const askUntil = await theirs();
  const failing = oneWho(
    ({ replyTo }) => replyTo.tell(new Error('not now')),
    ({ replyTo }) => replyTo.tell('now'),
  );
  expect(await outcome(askUntil(failing.ref, { what: 'now?' }, 5000))).toBe('now');
  const unsolved = oneWho(({ replyTo }) => replyTo.tell(todo('1.1', 'something else')));
  const said = await outcome(askUntil(unsolved.ref, { what: 'now?' }, 5000));
  expect(said).toMatchObject({
    code: 'ERR_NOT_IMPLEMENTED',
    message: expect.stringMatching('1.1'),
  });
  expect(unsolved.questions).toHaveLength(1);
});

exercise('3.6', 'takes a late answer to the first question', async () => {
  let first: Question | null = null;
  const { ref } = oneWho(
    (question) => {
      first = question;
    },
    () => first!.replyTo.tell('at last'),
  );
  expect(await outcome((await theirs())(ref, { what: 'well?' }, 5000))).toBe('at last');
});

exercise('3.6', 'gives up with an AskTimeoutError, in time and for good', async () => {
  const { ref, questions } = oneWho();
  const began = performance.now();
  const error = await outcome((await theirs())(ref, { what: 'well?' }, 900));
  expect(error).toBeInstanceOf(AskTimeoutError);
  const took = performance.now() - began;
  expect(took, 'milliseconds').toBeGreaterThan(850);
  expect(took, 'milliseconds').toBeLessThan(1800);
  expect(questions.length, 'questions').toBeGreaterThan(1);
});

exercise('3.6', 'gives up when its signal is aborted', async () => {
  const { ref, questions } = oneWho();
  const abort = new AbortController();
  const asking = outcome((await theirs())(ref, { what: 'well?' }, 20_000, abort.signal));
  await until(() => questions.length > 0);
  abort.abort();
  const began = performance.now();
  expect(await asking).toBeInstanceOf(AskTimeoutError);
  expect(performance.now() - began, 'milliseconds').toBeLessThan(2000);
});

/** Posts `m<first>` to `m<last>`, twenty at a time. 200: the node had to ask the room twice. */
async function postAll(ann: Login, room: string, first: number, last: number, solved: Solved) {
  for (let next = first; next <= last; next += 20) {
    const ids = upTo(Math.min(20, last - next + 1)).map((i) => `m${next + i - 1}`);
    const answers = await Promise.all(ids.map((id) => ann.post(room, id, `text of ${id}`)));
    for (const answer of answers) solved(answer, 200, 201);
  }
}

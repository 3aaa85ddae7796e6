// People who talk across three nodes, in a real browser, while nodes and connections fail.
import { until } from 'actor-ts/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { fresh, Login } from '../harness/Login.ts';
import { hasChrome, useChrome } from './chrome.ts';
import { Person } from './Person.ts';
import { usePlace } from './usePlace.ts';

const numbered = (text: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${text} ${i + 1}`);

describe.skipIf(!hasChrome)('people in two browsers', () => {
  const place = usePlace(3);
  const browser = useChrome();
  afterEach(() => place.open());

  async function comes(name: string, room: string, node: string): Promise<Person> {
    place.only(node);
    const person = await Person.enters(await browser.profile(), place.url, fresh(name), room);
    place.open();
    expect((await person.places()).socket).toBe(node);
    return person;
  }

  test('talk on different nodes, and see which nodes serve them', async () => {
    const room = fresh('room');
    const ann = await comes('ann', room, 'node1');
    const bob = await comes('bob', room, 'node2');
    const top = ann.page.locator('#top p');
    expect(await top.textContent()).toBe(`Nothing has been said in ${room} yet. Say hello.`);
    await ann.says('Hello Bob');
    await bob.reads('Hello Bob');
    await bob.says('Hello Ann');
    for (const person of [ann, bob]) await person.reads('Hello Ann');
    await ann.hasSentAll();
    expect(await top.textContent()).toBe(`This is where ${room} begins.`);
    for (const person of [ann, bob]) {
      expect(await person.sees()).toEqual(['Hello Bob', 'Hello Ann']);
      expect(await person.badge.innerText()).toBe('live');
      expect((await person.places()).session).toMatch(/^node[123]$/);
      expect(person.complaints).toEqual([]);
    }
    const [{ room: annsView }, { room: bobsView }] = [await ann.places(), await bob.places()];
    expect(annsView).toMatch(/^node[123]$/);
    expect(bobsView).toBe(annsView);
  });

  test('lose nothing when the node of one of them is killed while both talk', async () => {
    const room = fresh('room');
    const ann = await comes('ann', room, 'node1');
    const bob = await comes('bob', room, 'node3');
    const hers = numbered('from ann', 8);
    const his = numbered('from bob', 8);
    const speak = async (person: Person, texts: string[]) => {
      for (const text of texts) await person.says(text);
    };
    await speak(ann, hers.slice(0, 3));
    await bob.reads('from ann 3');
    const killed = place.node('node3').kill();
    await Promise.all([speak(ann, hers.slice(3)), speak(bob, his)]);
    await killed;
    for (const person of [ann, bob]) {
      await person.hasSentAll();
      await person.isLive();
    }
    await Promise.all([ann.reads('from bob 8'), bob.reads('from ann 8')]);
    expect((await bob.places()).socket).not.toBe('node3');
    const seen = await ann.sees();
    expect(await bob.sees()).toEqual(seen);
    expect(seen.filter((text) => text.startsWith('from ann'))).toEqual(hers);
    expect(seen.filter((text) => text.startsWith('from bob'))).toEqual(his);
    await place.node('node3').start();
  });

  test('see that a node has gone silent, and go to another one when they ask', async () => {
    const room = fresh('room');
    const ann = await comes('ann', room, 'node2');
    await place.node('node2').pause();
    place.only('node1');
    await ann.says('Is anybody there?');
    await ann.page.locator('.conn:visible', { hasText: 'no answer yet' }).waitFor();
    await ann.reconnects();
    expect((await ann.places()).socket).toBe('node1');
    await ann.hasSentAll(30_000);
    expect(await ann.sees()).toEqual(['Is anybody there?']);
    await place.node('node2').resume();
  });

  test('keep what they write without a connection, and it is sent once when there is one', async () => {
    const room = fresh('room');
    const ann = await comes('ann', room, 'node2');
    place.close();
    await ann.page.locator('.conn.stuck:visible').waitFor();
    // Between two tries it says for a moment that it is connecting.
    await ann.badge.filter({ hasText: /retrying in \d+ s/ }).waitFor();
    for (const text of ['first', 'second']) await ann.says(text);
    expect(await ann.unsent()).toEqual(['first', 'second']);
    place.open();
    await ann.reconnects();
    await ann.reads('second');
    await ann.hasSentAll();
    expect(await ann.sees()).toEqual(['first', 'second']);
    const stored = await (await Login.as(ann.name, place.node('node1'))).allOf(room);
    expect(stored.map(({ text }) => text)).toEqual(['first', 'second']);
  });

  test('find what was not sent again after closing the page', async () => {
    const room = fresh('room');
    const ann = await comes('ann', room, 'node1');
    place.close();
    await ann.says('written in the dark');
    await ann.page.close();
    place.open();
    const again = await Person.comes(ann.page.context(), place.url, ann.name, room);
    await again.reads('written in the dark');
    await again.hasSentAll();
    expect(await again.sees()).toEqual(['written in the dark']);
  });

  test('resume where they were, without loss and without repetition', async () => {
    const room = fresh('room');
    const ann = await Login.as(fresh('ann'), place.node('node1'));
    const bob = await comes('bob', room, 'node1');
    const texts = numbered('message', 60);
    const post = async (from: number, to: number) => {
      for (const text of texts.slice(from, to)) await ann.post(room, fresh('id'), text);
    };
    await post(0, 10);
    await bob.reads('message 10');
    place.close();
    await post(10, 40);
    place.only('node2');
    await bob.isLive();
    await post(40, 60);
    await bob.reads('message 60');
    expect(await bob.sees()).toEqual(texts);
    expect((await bob.places()).socket).toBe('node2');
  });

  test('are told what they missed in a long absence, and can scroll back to it', async () => {
    const room = fresh('room');
    const { node } = await Login.as(fresh('ann'), place.node('node1'));
    const writers = await Promise.all(Array.from({ length: 12 }, () => Login.as(fresh('w'), node)));
    const bob = await comes('bob', room, 'node1');
    await writers[0]!.post(room, fresh('id'), 'before');
    await bob.reads('before');
    place.close();
    await Promise.all(
      writers.map(async (writer) => {
        for (let i = 0; i < 43; i++) await writer.post(room, fresh('id'), 'meanwhile');
      }),
    );
    await writers[0]!.post(room, fresh('id'), 'the last one');
    place.open();
    await bob.reads('the last one');
    const top = bob.page.locator('#top p');
    expect(await top.textContent()).toBe('417 more came while you were away.');
    const scrolled = async () => {
      await bob.scrollTo(0);
      return (await bob.sees())[0] === 'before';
    };
    await until(scrolled, { what: 'the first message', timeoutMs: 20_000, everyMs: 50 });
    expect(await top.textContent()).toBe(`This is where ${room} begins.`);
    expect(bob.complaints).toEqual([]);
  });
});

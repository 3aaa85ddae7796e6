// The chat page on one node, in a real browser: what it shows, how it is used, what it withstands.
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { percentile } from '../../bench/percentile.ts';
import { fresh, Login, tokenFor } from '../harness/Login.ts';
import { hasChrome, useChrome } from './chrome.ts';
import { faultsOf, LOOKS, PHONE, sticksOut } from './looks.ts';
import { Person } from './Person.ts';
import { usePlace } from './usePlace.ts';

describe.skipIf(!hasChrome)('the chat page', () => {
  const place = usePlace(1);
  const browser = useChrome();
  const login = (name: string) => Login.as(fresh(name), place.node('node1'));
  const profile = browser.profile;
  afterEach(() => place.open());

  async function enters(name: string, room = fresh('room'), options = {}): Promise<Person> {
    return Person.enters(await profile(options), place.url, fresh(name), room);
  }

  /** Like `enters`, but what `answer` returns for a frame is the answer to it, and the server gets none. */
  async function entersThrough(room: string, answer: (frame: any) => object | undefined) {
    const ann = new Person(fresh('ann'), await (await profile()).newPage());
    await ann.page.routeWebSocket('**/ws', (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((data) => {
        const given = answer(JSON.parse(String(data)));
        if (given === undefined) server.send(data);
        else socket.send(JSON.stringify(given));
      });
    });
    await ann.page.goto(`${place.url}/#${room}`);
    await ann.page.locator('#user').fill(ann.name);
    await ann.page.locator('#user').press('Enter');
    await ann.isLive();
    return ann;
  }

  /** Writes `count` messages into a room, quickly, by several people. */
  async function fill(room: string, count: number): Promise<void> {
    let next = 1;
    const write = async () => {
      const writer = await login('writer');
      for (let i = 0; i < 45 && next <= count; i++) {
        await writer.post(room, fresh('id'), `message ${next++}`);
      }
    };
    while (next <= count) await write();
  }

  describe('log in', () => {
    test('says that there is no password, and what a name may be', async () => {
      const person = await Person.comes(await profile(), place.url, 'nobody');
      const form = person.page.locator('#login');
      expect(await form.innerText()).toContain('no password');
      expect(await person.page.evaluate('document.activeElement.id')).toBe('user');
      await person.page.locator('#user').fill('Ann Smith');
      await person.page.locator('#user').press('Enter');
      expect(await form.locator('[role=alert]').innerText()).toMatch(/a–z/);
    });

    test('comes also when a file of the page did not: it loads itself again', async () => {
      const context = await profile();
      await context.route('**/ui/outbox.js', (route) => route.abort(), { times: 1 });
      await Person.enters(context, place.url, fresh('ann'), fresh('room'));
    });

    test('remembers the user and the rooms', async () => {
      const ann = await enters('ann');
      const other = fresh('other');
      await ann.goesTo(other);
      const again = await Person.comes(ann.page.context(), place.url, ann.name, other);
      await again.isLive();
      const rooms = await again.page.locator('#rooms a').allTextContents();
      expect(rooms.map((text) => text.trim())).toContain(other);
    });

    test('ends when the token expires, and keeps what was not sent', async () => {
      const room = fresh('room');
      const ann = await enters('ann', room);
      const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
      const token = await tokenFor(ann.name, place.cluster.secret, inSeconds(3));
      const context = ann.page.context();
      const [cookie] = await context.cookies(place.url);
      await context.addCookies([{ ...cookie!, value: token }]);
      await ann.page.reload();
      await ann.isLive();
      await ann.composer.fill('a draft');
      await ann.page.locator('#login:not([hidden])').waitFor();
      expect(await ann.page.locator('#login [role=alert]').innerText()).toContain('expired');
      await ann.page.locator('#user').fill(ann.name);
      await ann.page.locator('#user').press('Enter');
      await ann.isLive();
      await ann.isIn(room);
      expect(await ann.composer.inputValue()).toBe('a draft');
    });

    test('is asked for when the cookie is no longer valid', async () => {
      const ann = await enters('ann');
      await ann.page.context().clearCookies();
      await ann.page.reload();
      await ann.page.locator('#login:not([hidden])').waitFor();
    });

    test('of a second person in the same browser is noticed', async () => {
      const ann = await enters('ann');
      const bob = await Person.comes(ann.page.context(), place.url, fresh('bob'));
      await bob.page.locator('#switch').click();
      await bob.page.locator('#user').fill(bob.name);
      await bob.page.locator('#user').press('Enter');
      await bob.isLive();
      place.close();
      place.open();
      await ann.page.locator('#login:not([hidden])').waitFor();
      expect(await ann.page.locator('#login [role=alert]').innerText()).toContain(bob.name);
    });
  });

  describe('by keyboard alone', () => {
    test('one can log in, join, write, read back and leave', async () => {
      const person = await Person.comes(await profile(), place.url, fresh('ann'), '');
      const { keyboard } = person.page;
      const focus = () => person.page.evaluate('document.activeElement.id') as Promise<string>;
      await keyboard.type(person.name);
      await keyboard.press('Enter');
      await person.isLive();
      await person.isIn('lobby');
      expect(await focus()).toBe('text');
      while ((await focus()) !== 'room-name') await keyboard.press('Shift+Tab');
      const room = fresh('room');
      await keyboard.type(room);
      await keyboard.press('Enter');
      await person.isIn(room);
      expect(await focus()).toBe('text');
      await keyboard.type('two');
      await keyboard.press('Shift+Enter');
      await keyboard.type('lines');
      await keyboard.press('Enter');
      await person.reads('two\nlines');
      await keyboard.press('Alt+ArrowUp');
      await person.isIn('lobby');
      await keyboard.press('Alt+ArrowDown');
      await person.isIn(room);
      await keyboard.press('Shift+Tab');
      expect(await focus()).toBe('scroller');
      await keyboard.press('Shift+Tab');
      expect(await focus()).toBe('leave');
      await keyboard.press('Enter');
      await person.page.locator('#empty').waitFor();
      expect(await person.page.locator('#rooms a').allTextContents()).toEqual(['lobby']);
    });
  });

  describe('the history', () => {
    test('loads older messages without what is read moving, and draws some hundred at most', async () => {
      const room = fresh('room');
      await fill(room, 320);
      const ann = await enters('ann', room);
      await ann.reads('message 320');
      expect(await ann.sees()).not.toContain('message 200');
      let first = '';
      for (let i = 0; i < 60 && first !== 'message 1'; i++) {
        const moved = await movement(ann.page);
        expect(Math.abs(moved)).toBeLessThan(2);
        first = (await ann.sees())[0]!;
      }
      expect(first).toBe('message 1');
      expect((await ann.sees()).length).toBeLessThanOrEqual(240);
      const drawn = await ann.sees();
      expect(drawn).toEqual(drawn.map((_, i) => `message ${i + 1}`));
      await ann.page.locator('#latest').click();
      await ann.reads('message 320');
    });

    test('stays where the reader is while others write, and says how many are new', async () => {
      const room = fresh('room');
      await fill(room, 60);
      const ann = await enters('ann', room);
      await ann.reads('message 60');
      await ann.scrollTo(100);
      const latest = ann.page.locator('#latest');
      await latest.waitFor();
      const before = await ann.scrollTop();
      const bob = await login('bob');
      for (const text of ['one', 'two']) await bob.post(room, fresh('id'), text);
      await ann.page.locator('#latest', { hasText: '2 new' }).waitFor();
      expect(await ann.scrollTop()).toBe(before);
      await latest.click();
      await latest.waitFor({ state: 'hidden' });
      expect(await ann.page.title()).not.toContain('(');
    });

    test('counts what is unread in other rooms, in the list and in the title', async () => {
      const [here, there] = [fresh('here'), fresh('there')];
      const ann = await enters('ann', there);
      await ann.goesTo(here);
      const bob = await login('bob');
      for (let i = 0; i < 3; i++) await bob.post(there, fresh('id'), 'psst');
      const link = ann.page.locator(`#rooms a[href="#${there}"]`);
      await link.locator('b', { hasText: '3' }).waitFor();
      expect(await ann.page.title()).toBe(`(3) ${here} · Chat`);
      await link.click();
      await ann.isIn(there);
      expect(await ann.page.title()).toBe(`${there} · Chat`);
      const [line] = await ann.page.locator('#messages li:has(.new)').allTextContents();
      expect(line).toContain('psst');
      expect(await ann.page.locator('#messages .new').count()).toBe(1);
    });

    test('stays smooth with 5,000 messages: script and layout of a step under 16 ms at p95', async () => {
      const ann = await enters('ann');
      const { append, scroll, drawn } = await strain(ann.page, 5_000);
      expect(append).toBeLessThan(16);
      expect(scroll).toBeLessThan(16);
      expect(drawn).toBeLessThanOrEqual(240);
    }, 240_000);

    test('shows what people write as text, whatever it is', async () => {
      const room = fresh('room');
      const ann = await enters('ann', room);
      const texts = [
        '<img src=x onerror=alert(1)>',
        '</li><script>alert(1)</script>',
        '👩‍🚀 &amp; \u202e',
      ];
      for (const text of texts) {
        await ann.says(text);
        await ann.reads(text);
      }
      expect(await ann.page.locator('#messages img, #messages script').count()).toBe(0);
      expect(ann.complaints).toEqual([]);
    });
  });

  describe('sending', () => {
    test('more than the server takes at once waits its turn, in order', async () => {
      const ann = await enters('ann');
      const texts = Array.from({ length: 70 }, (_, i) => `message ${i + 1}`);
      for (const text of texts) await ann.says(text);
      await ann.hasSentAll(30_000);
      expect((await ann.sees()).filter((text) => texts.includes(text))).toEqual(texts);
    });

    test('shows a failure in words, and sends the same message again when asked', async () => {
      const room = fresh('room');
      const ids: string[] = [];
      const ann = await entersThrough(room, ({ type, id }) => {
        if (type !== 'send-message') return undefined;
        ids.push(id);
        const message = 'the room did not answer in time';
        return ids.length === 1 ? { type: 'error', code: 'timeout', message, room, id } : undefined;
      });
      await ann.says('once');
      const failed = ann.page.locator('#unsent .failed');
      await failed.waitFor();
      expect(await failed.innerText()).toContain('Not sent: the room did not answer in time.');
      await failed.locator('button', { hasText: 'Retry' }).click();
      await ann.reads('once');
      expect(ids).toHaveLength(2);
      expect(ids[1]).toBe(ids[0]);
      expect(await ann.sees()).toEqual(['once']);
    });

    test('joins again by itself when a join is not answered, and sends what waited for it', async () => {
      const room = fresh('room');
      let joins = 0;
      const ann = await entersThrough(room, (frame) => {
        if (frame.type !== 'join' || frame.room !== room || joins++ > 0) return undefined;
        return { type: 'error', code: 'timeout', message: 'the room did not answer in time', room };
      });
      await ann.says('patience');
      await ann.reads('patience');
      expect(joins).toBe(2);
    });

    test('shifts nothing on the screen', async () => {
      const ann = await enters('ann');
      await ann.page.evaluate(`{
        window.shifts = [];
        new PerformanceObserver((list) => shifts.push(...list.getEntries().map((e) => [e.value, ...e.sources.map((s) => s.node?.id || s.node?.nodeName + s.node?.textContent)])))
          .observe({ type: 'layout-shift' });
      }`);
      for (const text of ['one', 'two', 'three']) {
        await ann.says(text);
        await ann.reads(text);
      }
      await ann.hasSentAll();
      expect(await ann.page.evaluate('shifts')).toEqual([]);
    });

    test('a text that is too long is not cut but refused before it is sent', async () => {
      const ann = await enters('ann');
      await ann.says('x'.repeat(8_200));
      expect(await ann.page.locator('#hint').innerText()).toBe('Too long by 8 bytes.');
      expect(await ann.composer.inputValue()).toHaveLength(8_200);
      expect(await ann.unsent()).toEqual([]);
    });
  });

  describe('on a phone', () => {
    test('shows the rooms or one room, and nothing sticks out', async () => {
      const room = fresh('room-with-a-long-name');
      const ann = await enters('ann', room, PHONE);
      const { page } = ann;
      await ann.says(`a word of ${'w'.repeat(200)}`);
      await ann.hasSentAll();
      const nav = page.locator('nav');
      expect(await nav.isVisible()).toBe(false);
      expect(await sticksOut(page)).toBe(0);
      expect((await page.locator('#composer').boundingBox())!.y).toBeLessThan(680 - 40);
      await page.locator('#back').tap();
      await nav.waitFor();
      expect(await page.locator('#pane').isVisible()).toBe(false);
      expect(await sticksOut(page)).toBe(0);
      await page.locator('#rooms a').first().tap();
      await page.goBack();
      await nav.waitFor();
    });
  });

  describe.each(LOOKS)('in $colorScheme colours at $viewport.width pixels', (look) => {
    test('axe finds nothing in the login, the rooms, a conversation or a broken connection', async () => {
      const room = fresh('room');
      const bob = await login('bob');
      for (const text of ['Hello', 'Is anybody here?']) await bob.post(room, fresh('id'), text);
      const person = await Person.comes(await profile(look), place.url, 'x', room);
      await person.page.locator('#login').waitFor();
      expect(await faultsOf(person.page)).toEqual([]);
      const ann = await Person.enters(person.page.context(), place.url, fresh('ann'), room);
      await ann.says('I am');
      await ann.hasSentAll();
      expect(await faultsOf(ann.page)).toEqual([]);
      const background = await ann.page.evaluate(
        'getComputedStyle(document.body.parentNode).backgroundColor',
      );
      expect(background).toBe(
        look.colorScheme === 'dark' ? 'rgb(19, 21, 23)' : 'rgb(244, 244, 241)',
      );
      place.close();
      await ann.page.locator('.conn.stuck:visible').waitFor();
      await ann.says('Is that you?');
      expect(await faultsOf(ann.page)).toEqual([]);
      await ann.page.evaluate('location.hash = ""');
      await ann.page.locator('#rooms').waitFor();
      expect(await faultsOf(ann.page)).toEqual([]);
    });
  });
});

/** Scrolls up a little; how many pixels more or less a message moved than it was scrolled. */
async function movement(page: Page): Promise<number> {
  return (await page.evaluate(`(async () => {
    const box = document.querySelector('#scroller');
    const frame = () => new Promise(requestAnimationFrame);
    const visible = [...document.querySelectorAll('#messages .bubble')]
      .find((b) => b.getBoundingClientRect().top > box.getBoundingClientRect().top + 300);
    const text = visible.textContent;
    const before = visible.getBoundingClientRect().top;
    const by = Math.min(500, box.scrollTop);
    box.scrollTop -= by;
    for (let i = 0; i < 6; i++) await frame();
    const after = [...document.querySelectorAll('#messages .bubble')]
      .find((b) => b.textContent === text).getBoundingClientRect().top;
    return after - before - by;
  })()`)) as number;
}

interface Strain {
  readonly append: number;
  readonly scroll: number;
  /** Messages in the document at the same time, at most. */
  readonly drawn: number;
}

/**
 * The list alone in a room of `count` messages: p95 in ms of appending one, and of scrolling a bit. It
 * is the page's own time on a processor, so a busy machine does not count.
 */
async function strain(page: Page, count: number): Promise<Strain> {
  await page.evaluate(STRAINED);
  const busyMs = await clockOf(page);
  const measured = async (step: string) => {
    const before = await busyMs();
    await page.evaluate(step);
    return (await busyMs()) - before;
  };
  const appends: number[] = [];
  for (let there = 0; there < count; there += APPENDS) {
    await page.evaluate(`strained.append(${APPENDS - 1})`);
    appends.push(await measured('strained.append(1)'));
  }
  const scrolls: number[] = [];
  while (await page.evaluate(`strained.scroll(${SCROLLS - 1})`)) {
    scrolls.push(await measured('strained.scroll(1)'));
  }
  const drawn = (await page.evaluate('strained.drawn')) as number;
  return { append: percentile(appends, 0.95), scroll: percentile(scrolls, 0.95), drawn };
}

/** One step of so many is measured. */
const [APPENDS, SCROLLS] = [50, 10];
/** Another list in the place of the page's own, which goes on with the one that it knows. */
const STRAINED = `(async () => {
  const { MessageList } = await import('/ui/message-list.js');
  const { Room } = await import('/ui/room.js');
  const old = document.querySelector('#scroller');
  const box = old.cloneNode(true);
  old.replaceWith(box);
  const ol = box.querySelector('#messages');
  const list = new MessageList(box, ol, () => {}, () => {});
  const room = new Room('big');
  let seq = 0;
  const message = () => ({
    seq: ++seq, id: String(seq), from: 'user' + (seq >> 2) % 9, at: seq * 20000,
    text: 'words and more words '.repeat(1 + seq % 7),
  });
  const times = (count, step) => {
    for (let i = 0; i < count; i++) {
      step();
      box.scrollTop; // the browser lays the page out now
      strained.drawn = Math.max(strained.drawn, ol.children.length);
    }
  };
  globalThis.strained = {
    drawn: 0,
    append: (count) => times(count, () => { room.onMessage(message()); list.grown(); }),
    /** Whether there is more above. */
    scroll(count) {
      times(count, () => { box.scrollTop -= 400; box.dispatchEvent(new Event('scroll')); });
      return box.scrollTop > 0;
    },
  };
  room.onJoined({ head: 0, messages: [] });
  list.show(room);
})()`;

/** What of the page's main thread counts. */
const WORK = ['ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'];

/** Reads the milliseconds of processor that the page's script and layout have used. */
async function clockOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const seconds = metrics.filter(({ name }) => WORK.includes(name)).map(({ value }) => value);
    return 1000 * seconds.reduce((sum, value) => sum + value);
  };
}

// Somebody with the chat page open: types and reads as a person would.
import { until } from 'actor-ts/testkit';
import type { BrowserContext, Locator, Page } from 'playwright-core';

const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';

export class Person {
  readonly name: string;
  readonly page: Page;
  /** What the page wrote to the console or threw; connections that fail are none of it. */
  readonly complaints: string[] = [];
  /** What the page asked for and did not get. */
  private readonly missing: string[] = [];

  constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    page.on('console', (message) => {
      const text = message.text();
      const isNetwork = /WebSocket connection|Failed to load resource/.test(text);
      if (message.type() === 'error' && !isNetwork) this.complaints.push(text);
    });
    page.on('requestfailed', (request) => {
      this.missing.push(`${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.missing.push(`${response.url()} ${response.status()}`);
    });
  }

  /** Opens the page, logs in, and waits until it is live in `room`. */
  static async enters(profile: BrowserContext, url: string, name: string, room = 'lobby') {
    const person = await Person.comes(profile, url, name, room);
    await person.page.locator('#user').fill(name);
    await person.page.locator('#user').press('Enter');
    await person.isLive();
    await person.isIn(room);
    return person;
  }

  /** Opens the page only; who was logged in before still is. */
  static async comes(profile: BrowserContext, url: string, name: string, room = 'lobby') {
    const person = new Person(name, await profile.newPage());
    await person.page.goto(`${url}/#${room}`);
    await person.hasBegun();
    return person;
  }

  /**
   * The page shows nothing before its first script is there. Chromium drops what is under way when a
   * network interface comes or goes, as those of containers do; then one loads the page again.
   */
  private async hasBegun(): Promise<void> {
    const begun = this.page.locator('main:not([hidden])');
    try {
      await begun.waitFor();
    } catch (cause) {
      const { complaints, missing } = this;
      if (!missing.some((what) => what.endsWith(NETWORK_CHANGED))) {
        throw new Error(`a blank page: ${JSON.stringify({ complaints, missing })}`, { cause });
      }
      await this.page.reload();
      await begun.waitFor();
    }
  }

  get badge(): Locator {
    return this.page.locator('.conn:visible');
  }

  get composer(): Locator {
    return this.page.locator('#text');
  }

  async isLive(): Promise<void> {
    await this.page.locator('.conn.live:visible').waitFor();
  }

  /** Asks for a connection at once, unless the page comes to one by itself before. */
  async reconnects(): Promise<void> {
    await Promise.any([this.page.locator('.conn:visible button').click(), this.isLive()]);
    await this.isLive();
  }

  /** Waits until the room is open and its history is there. */
  async isIn(room: string): Promise<void> {
    await this.page.locator('#title', { hasText: new RegExp(`^${room}$`) }).waitFor();
    await this.page.locator('#top p:not(:text("Joining…"))').waitFor({ state: 'attached' });
  }

  async goesTo(room: string): Promise<void> {
    await this.page.locator('#room-name').fill(room);
    await this.page.locator('#room-name').press('Enter');
    await this.isIn(room);
  }

  async says(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The texts of the messages that are in the history, as far as they are drawn. */
  sees(): Promise<string[]> {
    return this.page.locator('#messages .bubble').allTextContents();
  }

  /** The texts that are not acknowledged yet. */
  unsent(): Promise<string[]> {
    return this.page.locator('#unsent .bubble').allTextContents();
  }

  async reads(text: string, timeoutMs = 20_000): Promise<void> {
    const there = async () => (await this.sees()).includes(text);
    await until(there, { what: `${this.name} to see "${text}"`, timeoutMs, everyMs: 25 });
  }

  /** Waits until nothing is unsent. */
  async hasSentAll(timeoutMs = 20_000): Promise<void> {
    const none = async () => (await this.unsent()).length === 0;
    await until(none, { what: `${this.name} to have sent all`, timeoutMs, everyMs: 25 });
  }

  /** Where the header says that socket, session and room live. */
  async places(): Promise<{ socket: string; session: string; room: string }> {
    const [socket = '', session = '', room = ''] = (
      await this.page.locator('#nodes li').allTextContents()
    ).map((text) => text.split(': ')[1]!);
    return { socket, session, room };
  }

  async scrollTop(): Promise<number> {
    return (await this.page.evaluate('document.querySelector("#scroller").scrollTop')) as number;
  }

  scrollTo(top: number | 'end'): Promise<unknown> {
    const value = top === 'end' ? 'box.scrollHeight' : top;
    return this.page.evaluate(
      `{ const box = document.querySelector('#scroller'); box.scrollTop = ${value}; }`,
    );
  }
}

// Somebody with the cluster view open: reads it as a person would.
import { until } from 'actor-ts/testkit';
import type { BrowserContext, Locator, Page } from 'playwright-core';

export class Viewer {
  readonly page: Page;
  /** What the page wrote to the console or threw; connections that fail are none of it. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(String(error.stack)));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !text.includes('Failed to load resource')) {
        this.complaints.push(text);
      }
    });
  }

  /** Opens the view of a node by its management address, and waits until it is live. */
  static async opens(profile: BrowserContext, management: string): Promise<Viewer> {
    const viewer = new Viewer(await profile.newPage());
    await viewer.page.goto(management);
    await viewer.isLive();
    return viewer;
  }

  get picture(): Locator {
    return this.page.locator('#picture');
  }

  get stations(): Locator {
    return this.picture.locator('.station');
  }

  async isLive(): Promise<void> {
    await this.page.locator('#connection.live').waitFor();
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** Waits until the text of `selector` fits. */
  async reads(selector: string, pattern: RegExp, timeoutMs = 20_000): Promise<string> {
    let text = '';
    const fits = async () => {
      text = (await this.page.locator(selector).allInnerTexts()).join('\n');
      return pattern.test(text);
    };
    await until(fits, { what: `${pattern} in ${selector}`, timeoutMs, everyMs: 25 }).catch(
      (error) => {
        throw new Error(`${error.message}, got:\n${text.slice(0, 1500)}`);
      },
    );
    return text;
  }

  /** The card of a member, by the node's name. */
  member(name: string): Promise<string> {
    return this.page.locator('.member', { hasText: name }).innerText();
  }

  /** Where the view says that an entity runs. */
  async homeOf(type: string, entity: string): Promise<string> {
    const panel = this.page.locator('.type', { has: this.page.locator(`h3:text-is("${type}")`) });
    const button = panel.locator(`button[data-entity="${entity}"]`);
    const tile = panel.locator(`.tile.owned[title*="${entity}"]`);
    const [chip, tileText] = [await button.innerText(), await tile.innerText()];
    const home = /on (\S+)/.exec(chip)?.[1] ?? chip;
    if (!tileText.includes(home)) throw new Error(`${entity}: ${chip}, but its tile: ${tileText}`);
    return home;
  }

  /** The stations of the message on the screen, each as `title: name on node; …`. */
  async way(): Promise<string[]> {
    return (await this.page.evaluate(`
      [...document.querySelectorAll('.station')].map((station) => {
        const spots = [...station.querySelectorAll('.spot')].map(
          (spot) => spot.firstChild.textContent + ' ' + spot.lastChild.textContent,
        );
        return station.querySelector('b').textContent + ': ' + spots.sort().join('; ');
      })`)) as string[];
  }
}

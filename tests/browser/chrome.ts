// A browser for the tests: the one of CHROME_PATH, or one that is installed; nothing is downloaded.
import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const ARGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function findChrome(): string | undefined {
  const named = process.env.CHROME_PATH;
  if (named && !existsSync(named)) throw new Error(`CHROME_PATH names no file: ${named}`);
  return named || INSTALLED.find((path) => existsSync(path));
}

const executablePath = findChrome();
export const hasChrome = executablePath !== undefined;

if (!hasChrome) {
  console.warn(
    'No browser, so browser tests are skipped. Install Chromium (Debian: apt-get install chromium), ' +
      'or name one with CHROME_PATH.',
  );
}

export function launchChrome(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: ARGS });
}

export interface TestBrowser {
  /** A browser profile of its own: cookies, storage, size, colours. Closed after the test. */
  profile(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** One browser for the tests of a suite. */
export function useChrome(): TestBrowser {
  let browser: Browser;
  const profiles: BrowserContext[] = [];
  beforeAll(async () => {
    browser = await launchChrome();
  });
  afterEach(async () => {
    await Promise.all(profiles.splice(0).map((profile) => profile.close()));
  });
  afterAll(() => browser?.close());
  return {
    async profile(options) {
      const profile = await browser.newContext({
        viewport: { width: 1200, height: 760 },
        ...options,
      });
      profile.setDefaultTimeout(20_000);
      profiles.push(profile);
      return profile;
    },
  };
}

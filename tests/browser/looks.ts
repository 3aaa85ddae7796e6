// What every page has to be fit for, and who says whether it is.
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export const DESK = { viewport: { width: 1400, height: 900 } };
export const PHONE = { viewport: { width: 360, height: 680 }, isMobile: true, hasTouch: true };

/** Each colour scheme and each size once: a fault of colours does not depend on the size. */
export const LOOKS = [
  { colorScheme: 'light', ...DESK },
  { colorScheme: 'dark', ...PHONE },
] as const;

/** What axe finds wrong with the page as it is shown, with the elements. */
export async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** Pixels of the page that lie beyond the right edge of the screen. */
export async function sticksOut(page: Page): Promise<number> {
  const script = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  return (await page.evaluate(script)) as number;
}

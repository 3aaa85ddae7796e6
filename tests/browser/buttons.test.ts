// `npm start` as its user sees it: the chat, and beside it the cluster view with buttons that kill, pause
// and start nodes.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Runner } from '../../packages/workshop/tests/fixtures/Runner.ts';
import { fresh } from '../harness/Login.ts';
import { hasChrome, useChrome } from './chrome.ts';
import { faultsOf, LOOKS, sticksOut } from './looks.ts';
import { Person } from './Person.ts';
import { Viewer } from './Viewer.ts';

const WORKSHOP = fileURLToPath(new URL('../../packages/workshop/bin/workshop.js', import.meta.url));

describe.skipIf(!hasChrome)('a run with buttons', () => {
  const browser = useChrome();
  let runner: Runner;
  let chat = '';
  let view = '';
  beforeAll(async () => {
    runner = new Runner({ command: [WORKSHOP, 'start'], env: { TRACE: 'true' } });
    chat = await runner.up();
    view = (await runner.said(/the view {3}(http:\S+)/))[1]!;
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(runner.output));
  });
  afterAll(() => runner?.[Symbol.asyncDispose]());

  const opens = async () => {
    const viewer = await Viewer.opens(await browser.profile(), view);
    await viewer.reads('#members', /node1[\s\S]*node2[\s\S]*node3/);
    return viewer;
  };
  const press = (viewer: Viewer, what: string) =>
    viewer.page.getByRole('button', { name: what }).click();

  test('kills the node that has the room; both pages say so, and go on', async () => {
    const viewer = await opens();
    const room = fresh('room');
    const ann = await Person.enters(await browser.profile(), chat, fresh('ann'), room);
    await ann.says('before');
    await ann.hasSentAll();
    const doomed = (await ann.places()).room!;
    await viewer.reads('.type', new RegExp(`${room} on ${doomed}`));

    await press(viewer, `Kill: ${doomed}`);
    await runner.said(new RegExp(`${doomed} ended on its own: killed by SIGKILL`));
    await viewer.reads('#controls', new RegExp(`${doomed}\\s+does not run\\s+Start`));
    await ann.says('after');
    await ann.reads('after');
    await ann.hasSentAll();
    expect((await ann.places()).room).not.toBe(doomed);
    await viewer.isLive();
    await viewer.reads('#summary', /^2 members, all up/);
    await viewer.reads('.type', new RegExp(`${room} on (?!${doomed})node`));

    await press(viewer, `Start: ${doomed}`);
    await viewer.reads('#summary', /^3 members, all up/);
    await viewer.reads('#controls', new RegExp(`${doomed}\\s+runs\\s+Kill`));
    expect(await ann.sees()).toEqual(['before', 'after']);
    expect([...viewer.complaints, ...ann.complaints]).toEqual([]);
  });

  test('is linked from the chat page', async () => {
    const ann = await Person.enters(await browser.profile(), chat, fresh('ann'), fresh('room'));
    await ann.page.getByRole('link', { name: 'Cluster' }).click();
    await ann.page.waitForURL(`${view}/`);
    await ann.page.locator('#connection.live').waitFor();
  });

  test('pauses the node that shows it, and looks from another one until it goes on', async () => {
    const viewer = await opens();
    const from = /You look from (node\d)/;
    const [, looked] = from.exec(await viewer.reads('#summary', from))!;
    await press(viewer, `Pause: ${looked}`);
    await viewer.reads('#controls', new RegExp(`${looked}\\s+stands still`));
    await viewer.reads('#summary', new RegExp(`You look from (?!${looked})node`));
    await viewer.reads('#members', new RegExp(`${looked}\\s+(does not answer|gone)`));
    await press(viewer, `Go on: ${looked}`);
    await viewer.reads('#controls', new RegExp(`${looked}\\s+runs`));
    await viewer.reads('#summary', /^3 members, all up/);
    expect(viewer.complaints).toEqual([]);
  });

  test('refuses to kill the last node, and says what does', async () => {
    const viewer = await opens();
    for (const name of ['node1', 'node2']) {
      await press(viewer, `Kill: ${name}`);
      await viewer.reads('#controls', new RegExp(`${name}\\s+does not run`));
    }
    await press(viewer, 'Kill: node3');
    await viewer.reads('#controls', /node3 is the last one that runs: Ctrl-C stops it\./);
    for (const name of ['node1', 'node2']) await press(viewer, `Start: ${name}`);
    await viewer.reads('#summary', /^3 members, all up/);
  });

  test('has no fault that axe finds, and fits', async () => {
    for (const look of LOOKS) {
      const viewer = await Viewer.opens(await browser.profile(look), view);
      await viewer.reads('#controls', /node3\s+runs/);
      expect(await faultsOf(viewer.page)).toEqual([]);
      expect(await sticksOut(viewer.page)).toBeLessThanOrEqual(0);
    }
  });

  test('a node by itself shows no buttons', async () => {
    const [, members] = await runner.said(/members {4}(http:\S+)\/cluster\/members/);
    const viewer = await Viewer.opens(await browser.profile(), members!);
    await viewer.reads('#members', /node1[\s\S]*node2[\s\S]*node3/);
    expect(await viewer.page.locator('#controls').isVisible()).toBe(false);
    expect(viewer.complaints).toEqual([]);
  });
});

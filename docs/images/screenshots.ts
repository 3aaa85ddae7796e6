// Takes the pictures of this folder: programs of the workshop, running, in a real browser. All of them,
// or those that are named: `npm run screenshots`, `npm run screenshots -- step-3`.
import { fileURLToPath } from 'node:url';
import { launchChrome } from '../../tests/browser/chrome.ts';
import { chat } from './chat.ts';
import { step2, step3, step4, step5 } from './steps.ts';

const scenes = { 'step-2': step2, 'step-3': step3, 'step-4': step4, 'step-5': step5, chat };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(scenes, name));
if (unknown !== undefined) {
  console.error(`screenshots takes ${Object.keys(scenes).join(', ')}, got "${unknown}".`);
  process.exit(2);
}

const browser = await launchChrome();
try {
  for (const [name, scene] of Object.entries(scenes)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    await scene(browser, (picture) => fileURLToPath(new URL(`${picture}.png`, import.meta.url)));
    console.log(`${name} is taken`);
  }
} finally {
  await browser.close();
}

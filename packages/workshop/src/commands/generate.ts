// `npm run generate`: writes steps/ from solutions/. `-- --check` writes nothing and fails when a
// committed step is not what would be written.
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { Kept } from '../content/Kept.ts';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { isStarter, writeStarter } from '../content/writeStarter.ts';
import { WorkshopError } from '../errors.ts';
import { isCommitted } from '../git.ts';
import { plural } from '../text.ts';
import { type Context, EXIT } from './Context.ts';

export function generate({ workshop, args, out }: Context): number {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) throw new WorkshopError(`generate takes --check, got "${unknown}".`);
  const check = args.includes('--check');
  const { green, yellow, red } = out.colors;
  let drifted = 0;
  for (const step of workshop.steps) {
    const say = (mark: string, what: string) => out.line(`${mark} steps/${step.name}  ${what}`);
    if (isStarter(step)) {
      say(green('✓'), 'up to date');
    } else if (isLearners(step, workshop)) {
      say(yellow('–'), check ? 'has your work in it: not compared' : 'has your work in it: left');
    } else if (check) {
      drifted++;
      say(red('✗'), existsSync(step.dir) ? 'differs from its solution' : 'is missing');
    } else {
      writeStarter(step);
      say(green('✓'), 'written');
    }
    if (!check && isStarter(step)) remember(step, workshop);
  }
  if (workshop.steps.length === 0) throw new WorkshopError('No solution has an exercises.yaml.');
  if (drifted > 0) {
    out.next('npm run generate', `and commit steps/ (${plural(drifted, 'step')} drifted)`);
    return EXIT.notYet;
  }
  if (!check) out.next('npm run step:1', 'to see the first step run');
  return EXIT.ok;
}

/** What this command wrote last, so that it writes over nothing else. */
function written(workshop: Workshop) {
  return new Kept(workshop.kept, 'generated.json', z.record(z.string(), z.string()), {});
}

function remember(step: Step, workshop: Workshop): void {
  const { hash } = step;
  if (written(workshop).read()[step.name] === hash) return;
  written(workshop).update((all) => ({ ...all, [step.name]: hash }));
}

/** Neither what is committed nor what this command wrote: somebody has worked here. */
function isLearners(step: Step, workshop: Workshop): boolean {
  if (!step.exists || isCommitted(workshop.root, `steps/${step.name}`)) return false;
  return written(workshop).read()[step.name] !== step.hash;
}

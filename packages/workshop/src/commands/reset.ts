// `npm run reset:N`: back to the starter. The learner's version is kept first.
import { join, relative } from 'node:path';
import { isStarter, keepCopy, writeStarter } from '../content/writeStarter.ts';
import { type Context, EXIT } from './Context.ts';

export function reset({ workshop, args, out }: Context, now = new Date()): number {
  const step = workshop.step(args[0]);
  if (step.exists && isStarter(step)) {
    out.line(`Step ${step.number} is at its start already; nothing to put back.`);
  } else {
    if (step.exists) {
      const stamp = now.toISOString().replace(/\..*/, '').replaceAll(':', '-');
      const kept = join(workshop.kept, 'kept', `${step.name}-${stamp}`);
      keepCopy(step, kept);
      const shown = relative(workshop.root, kept);
      out.line(`Your version is kept in ${out.colors.bold(shown)}`);
      out.line(out.colors.dim(`  to have it back: cp -R ${shown}/. steps/${step.name}/`));
    }
    writeStarter(step);
    out.line(`steps/${step.name} is back at its start.`);
  }
  out.next(`npm run test:${step.number}`, 'shows where to begin');
  return EXIT.ok;
}

// `npm run step:N` and `npm run solution:N`: the learner's program or the solution's, running.
// Step 1 is one process; from step 2 on there are three nodes behind a front door.
import { join } from 'node:path';
import { Console } from '../Console.ts';
import type { Step } from '../content/Step.ts';
import { WorkshopError } from '../errors.ts';
import { start } from '../start.ts';
import { withTodo } from '../todo.ts';
import { runAlone } from './alone.ts';
import type { Context } from './Context.ts';
import { missing } from './diff.ts';

export type RunTarget = 'step' | 'solution';

export async function run(target: RunTarget, context: Context): Promise<number> {
  const { workshop, args, out, env } = context;
  const step = workshop.step(args[0]);
  if (target === 'step' && !step.exists) throw new WorkshopError(missing(step));
  const flags = args.slice(1).filter((arg) => arg !== '--processes');
  const dir = target === 'step' ? step.dir : step.solutionDir;
  const program = join(dir, 'src/main.ts');
  const name = `${target}-${step.number}`;
  const data = env.WORKSHOP_DIR ? [] : ['--dir', join(workshop.kept, name)];
  announce(target, step, context);
  // Every node inherits it.
  Object.assign(process.env, withTodo());
  const settings = [...data, ...flags];
  if (step.number === 1) return await runAlone(settings, program, new Console([], out.colors));
  return await start(settings, program);
}

function announce(target: RunTarget, step: Step, { out, workshop }: Context): void {
  const { number, manifest } = step;
  const whose = target === 'step' ? 'your version' : 'the solution';
  out.line(`${out.colors.bold(`Step ${number}`)}  ${manifest.title}: ${whose}`);
  if (target === 'step' && workshop.steps.length > 0) {
    const touched = step.touched().size;
    const all = step.exercises.length;
    out.line(
      out.colors.dim(`${all - touched} of ${all} exercises stand as TODO and answer so by name.`),
    );
  }
  out.line(out.colors.dim(`Another terminal: npm run test:${number}`));
  out.line();
}

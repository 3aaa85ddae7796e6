// `npm run step:N` and `npm run solution:N`: the learner's program or the solution's, running.
// Step 1 is one process, the others are three nodes behind a front door; in containers where the
// step has a Compose file and an engine answers.
import { join } from 'node:path';
import { Console } from '../Console.ts';
import { composeTrouble, hasComposeFile } from '../compose/Compose.ts';
import type { Step } from '../content/Step.ts';
import { WorkshopError } from '../errors.ts';
import { readSettings } from '../settings.ts';
import { start } from '../start.ts';
import { wrap } from '../text.ts';
import { whatAnswers } from '../whatAnswers.ts';
import { ALONE, runAlone } from './alone.ts';
import type { Context } from './Context.ts';
import { missing } from './diff.ts';
import { runStack } from './stack.ts';

export type RunTarget = 'step' | 'solution';

export async function run(target: RunTarget, context: Context): Promise<number> {
  const { workshop, args, out, env } = context;
  const step = workshop.step(args[0]);
  if (target === 'step' && !step.exists) throw new WorkshopError(missing(step));
  const flags = args.slice(1).filter((arg) => arg !== '--processes');
  const asProcesses = flags.length < args.length - 1;
  const dir = target === 'step' ? step.dir : step.solutionDir;
  const program = join(dir, 'src/main.ts');
  const name = `${target}-${step.number}`;
  const data = env.WORKSHOP_DIR ? [] : ['--dir', join(workshop.kept, name)];
  const settings = [...data, ...flags];
  const read = readSettings(settings, env);
  const isForContainers = hasComposeFile(dir) && !asProcesses && !read.help;
  const trouble = isForContainers ? composeTrouble() : null;
  const inContainers = isForContainers && trouble === null;
  // Only a run that started the nodes has a view of its own; in containers node 1 shows it.
  const view = inContainers ? read.managementPort : read.viewPort;
  announce(target, step, program, { port: read.port, view }, context);
  if (inContainers) return await runStack(dir, read);
  if (trouble !== null) {
    out.lines(...wrap(trouble), 'So it runs as processes, with SQLite and a front door.', '');
  }
  if (step.number === 1) {
    const node = { name: ALONE, address: ALONE };
    return await runAlone(settings, program, new Console([node], out.colors));
  }
  return await start(settings, program);
}

function announce(
  target: RunTarget,
  step: Step,
  program: string,
  { port, view }: { readonly port: number; readonly view: number },
  { out }: Context,
): void {
  const { number, manifest } = step;
  const whose = target === 'step' ? 'your version' : 'the solution';
  out.line(`${out.colors.bold(`Step ${number}`)}  ${manifest.title}: ${whose}`);
  const { dim } = out.colors;
  if (target === 'step') {
    const all = step.exercises.length;
    const left = all - step.touched().size;
    out.line(dim(`${left} of ${all} exercises stand as TODO and answer so by name.`));
  }
  // Also said here, since a cluster with unsolved exercises may never be complete.
  const what = whatAnswers(program) === 'the chat' ? 'The chat' : 'The API';
  if (port !== 0) out.line(dim(`${what}: http://localhost:${port}`));
  if (step.number > 1 && view !== 0) {
    out.line(dim(`The view of the cluster: http://localhost:${view}`));
  }
  out.line(dim(`In another terminal: npm run test:${number}`));
  out.line();
}

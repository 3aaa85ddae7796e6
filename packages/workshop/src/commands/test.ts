// `npm run test:N`: the verdict on a step. `npm test` as this command: everything but steps that
// nobody has started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkStep, type Verdict } from '../check/checkStep.ts';
import type { ExerciseState, Judgement } from '../check/judge.ts';
import type { Outcome } from '../check/report.ts';
import { VITEST } from '../check/runTests.ts';
import type { Step } from '../content/Step.ts';
import { WorkshopError } from '../errors.ts';
import type { Output } from '../Output.ts';
import { indented, plural } from '../text.ts';
import { type Context, EXIT } from './Context.ts';
import { dockerTrouble } from './doctor.ts';

const MAX_MESSAGE_LINES = 16;

/** With a step's number the strict check of that step; everything else goes to vitest. */
export async function test(context: Context): Promise<number> {
  const [first] = context.args;
  if (first !== undefined && /^\d+$/.test(first)) return await testStep(context);
  return await testAll(context);
}

export async function testStep(context: Context): Promise<number> {
  const { workshop, args, out } = context;
  const step = workshop.step(args[0]);
  const driver = driverFor(context);
  out.line(`${out.colors.bold(`Step ${step.number}`)}  ${step.manifest.title}`);
  if (!step.exists) {
    out.lines('', `steps/${step.name} is not there.`);
    out.next(`npm run reset:${step.number}`, 'writes it');
    return EXIT.notYet;
  }
  const docker = driver === 'containers' ? dockerTrouble() : null;
  if (docker !== null) return tell({ kind: 'INFRA', why: docker }, step, out);
  return tell(await verdictOn(step, driver, context), step, out);
}

type Driver = 'processes' | 'containers' | undefined;

/** What the nodes of the tests are: as asked by flag, else by WORKSHOP_DRIVER, else the harness's choice. */
function driverFor({ args, env }: Context): Driver {
  const flags = args.slice(1);
  const unknown = flags.find((flag) => flag !== '--containers' && flag !== '--processes');
  if (unknown !== undefined) {
    throw new WorkshopError(`test:N takes --containers or --processes, got "${unknown}".`);
  }
  if (flags.includes('--containers')) return 'containers';
  if (flags.includes('--processes')) return 'processes';
  const asked = env.WORKSHOP_DRIVER;
  return asked === 'containers' || asked === 'processes' ? asked : undefined;
}

function verdictOn(
  step: Step,
  driver: Driver,
  { workshop, out, signal, env }: Context,
): Promise<Verdict> {
  const { green, red, dim } = out.colors;
  return checkStep(workshop, step, {
    signal,
    env: driver === undefined ? env : { ...env, WORKSHOP_DRIVER: driver },
    onTest: (title, state) => {
      const mark = state === 'passed' ? green('✓') : state === 'failed' ? red('✗') : dim('–');
      const text = title.length > 74 ? `${title.slice(0, 73)}…` : title;
      out.line(`  ${mark} ${dim(text)}`);
    },
    onSolution: () => {
      out.line(dim('  Not all passed. Testing the solution too, to be sure of the tests …'));
    },
  });
}

function tell(verdict: Verdict, step: Step, out: Output): number {
  const { bold, green, yellow, red } = out.colors;
  out.line();
  switch (verdict.kind) {
    case 'SOLVED': {
      exerciseList(verdict.judgement, step, out);
      out.lines('', `${bold(green('SOLVED'))}  ${step.manifest.title}: every test passed.`);
      out.next(`npm run diff:${step.number}`, 'how the solution does it');
      return EXIT.ok;
    }
    case 'NOT YET':
      exerciseList(verdict.judgement, step, out);
      notYet(verdict.judgement, verdict.logFile, step, out);
      return EXIT.notYet;
    case 'INFRA':
      out.lines(
        `${bold(yellow('INFRA'))}  This machine, not your work, is in the way:`,
        '',
        indented(verdict.why, 2),
      );
      out.next('npm run doctor', 'what works here and what is missing');
      return EXIT.infra;
    case 'BROKEN WORKSHOP':
      out.lines(
        `${bold(red('BROKEN WORKSHOP'))}  Not your mistake, the workshop's:`,
        '',
        indented(verdict.why, 2),
      );
      out.next(
        'git status',
        'is a file of solutions/ or tests/ changed? git checkout brings it back',
      );
      return EXIT.broken;
    default:
      return verdict satisfies never;
  }
}

/** A line an exercise, with its mark. */
function exerciseList({ exercises }: Judgement, step: Step, out: Output): void {
  for (const { id, title } of step.exercises) {
    out.line(exerciseLine(id, title, exercises.get(id) ?? 'untested', out));
  }
}

export function exerciseLine(id: string, title: string, state: ExerciseState, out: Output): string {
  const { green, red, yellow, dim } = out.colors;
  const marks = {
    solved: green('✓'),
    failing: red('✗'),
    skipped: yellow('–'),
    untested: yellow('?'),
    'to do': dim('·'),
  } satisfies Record<ExerciseState, string>;
  const text = `${id} ${title}`;
  return `  ${marks[state]} ${text.padEnd(60)} ${state === 'solved' ? green(state) : state}`;
}

function notYet(judgement: Judgement, logFile: string, step: Step, out: Output): void {
  const { bold, yellow, dim } = out.colors;
  const states = [...judgement.exercises.values()];
  const solved = states.filter((state) => state === 'solved').length;
  const count = `${solved} of ${plural(states.length, 'exercise')} solved.`;
  out.lines('', `${bold(yellow('NOT YET'))}  ${count}`, '');
  const [failure] = judgement.failures;
  if (failure !== undefined) {
    explain(failure, step, out);
  } else if (judgement.remarks.length > 0) {
    out.line(row('happened', shorten(judgement.remarks.join('\n')), out));
  } else {
    const titles = judgement.skipped.map(({ title }) => title).join('\n');
    out.line(row('skipped', `${titles}\nA test that did not run is no pass.`, out));
  }
  const others = judgement.failures.length - 1;
  if (others > 0) out.lines('', dim(`  and ${plural(others, 'other test')} failed`));
  out.line(dim(`  what the nodes said: ${logFile}`));
  const id = failure?.exercise ?? null;
  const hint = `npm run hint:${step.number}`;
  out.next(`npm run test:${step.number}`, `once ${id ?? 'it'} is written. Stuck? ${hint}`);
}

function explain({ exercise, title, message, testLine }: Outcome, step: Step, out: Output): void {
  const known = step.exercises.find(({ id }) => id === exercise);
  if (known !== undefined) out.lines(`  ${out.colors.bold(`${known.id} ${known.title}`)}`, '');
  out.line(row('expected', title, out));
  out.line(row('happened', shorten(message) || 'it failed without a word', out));
  const places = exercise === null ? [] : step.places(exercise);
  const where = places.map(({ file, line }) => `${file}:${line}`);
  if (where.length > 0) out.line(row('where', where.join('\n'), out));
  if (testLine !== null) out.line(row('test', testLine, out));
}

function row(name: string, text: string, out: Output): string {
  const lines = indented(text, 13);
  return `  ${out.colors.dim(name.padEnd(10))} ${lines.trimStart()}`;
}

function shorten(message: string): string {
  const lines = message.split('\n');
  if (lines.length <= MAX_MESSAGE_LINES) return message;
  return [...lines.slice(0, MAX_MESSAGE_LINES), '…'].join('\n');
}

/** The whole suite against the solutions, then the started steps, then what is still to do. */
async function testAll(context: Context): Promise<number> {
  const { workshop, args, out, signal, env } = context;
  const child = spawn(process.execPath, [VITEST, 'run', ...args], {
    cwd: workshop.root,
    env: { ...env, WORKSHOP_TARGET: 'solutions' },
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'close')) as [number | null];
  signal.throwIfAborted();
  let worst: number = code === 0 ? EXIT.ok : EXIT.notYet;
  out.lines('', out.colors.bold('The steps'));
  let first: Step | null = null;
  for (const step of workshop.steps) {
    const started = step.exists && !step.isUntouched;
    if (!started) {
      out.line(
        `  ${out.colors.dim('·')} ${`${step.number} ${step.manifest.title}`.padEnd(60)} to do`,
      );
      first ??= step;
      continue;
    }
    const verdict = await checkStep(workshop, step, { signal, env });
    const failed = toldShort(verdict, step, out);
    if (verdict.kind !== 'SOLVED') first ??= step;
    worst = Math.max(worst, failed);
  }
  if (first === null) out.next('npm start', 'the finished chat; you have built all of it');
  else out.next(`npm run test:${first.number}`, `goes on with step ${first.number}`);
  return worst;
}

/** A started step in the list: exercises that nobody has begun are to do, and do not fail it. */
function toldShort(verdict: Verdict, step: Step, out: Output): number {
  const { green, red, yellow } = out.colors;
  const title = `${step.number} ${step.manifest.title}`.padEnd(60);
  switch (verdict.kind) {
    case 'SOLVED':
      out.line(`  ${green('✓')} ${title} ${green('solved')}`);
      return EXIT.ok;
    case 'NOT YET': {
      const { exercises, skipped, remarks, failures } = verdict.judgement;
      const states = [...exercises.values()];
      const solved = states.filter((state) => state === 'solved').length;
      // A test of an exercise that nobody began may fail; any other may not.
      const bad =
        skipped.length + remarks.length > 0 ||
        failures.some(({ exercise }) => exercises.get(exercise ?? '') !== 'to do');
      out.line(`  ${bad ? red('✗') : yellow('·')} ${title} ${solved} of ${states.length} solved`);
      return bad ? EXIT.notYet : EXIT.ok;
    }
    case 'INFRA':
    case 'BROKEN WORKSHOP':
      out.lines(`  ${red('✗')} ${title} ${verdict.kind}`, indented(verdict.why, 6));
      return verdict.kind === 'INFRA' ? EXIT.infra : EXIT.broken;
    default:
      return verdict satisfies never;
  }
}

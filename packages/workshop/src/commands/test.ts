// `npm run test:N`: the verdict on a step. `npm test` as this command: everything but steps that
// nobody has started.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkStep, type Verdict } from '../check/checkStep.ts';
import type { ExerciseState, Judgement } from '../check/judge.ts';
import type { Outcome } from '../check/report.ts';
import { VITEST } from '../check/runTests.ts';
import type { Step } from '../content/Step.ts';
import { containerTrouble } from '../docker.ts';
import { WorkshopError } from '../errors.ts';
import type { Output } from '../Output.ts';
import { indented, plural } from '../text.ts';
import { type Context, EXIT } from './Context.ts';

const MAX_MESSAGE_LINES = 16;
/** Its tests start what a learner has put together for containers: there is nothing else to test. */
const LAST_STEP = 6;

/**
 * With a step's number the strict check of that step; with --containers all that can run in
 * containers; everything else goes to vitest.
 */
export async function test(context: Context): Promise<number> {
  const [first] = context.args;
  if (first !== undefined && /^\d+$/.test(first)) return await testStep(context);
  if (first === '--containers') return await testInContainers(context);
  return await testAll(context);
}

export async function testStep(context: Context): Promise<number> {
  const { workshop, args, out, env } = context;
  const step = workshop.step(args[0]);
  const asked = askedDriver(context);
  const driver = step.number === LAST_STEP ? 'containers' : asked;
  out.line(`${out.colors.bold(`Step ${step.number}`)}  ${step.manifest.title}`);
  if (!step.exists) {
    out.lines('', `steps/${step.name} is not there.`);
    out.next(`npm run reset:${step.number}`, 'writes it');
    return EXIT.notYet;
  }
  const trouble = driver === 'processes' ? null : containerTrouble(step.number, env);
  if (driver === 'containers' && trouble !== null) {
    return tell({ kind: 'INFRA', why: trouble }, step, out);
  }
  const chosen = driver ?? (trouble === null ? 'containers' : 'processes');
  if (chosen === 'containers') {
    const without = step.number === LAST_STEP ? '' : '; without: -- --processes';
    out.line(out.colors.dim(`Its nodes run in containers${without}`));
  }
  return tell(await verdictOn(step, chosen, context), step, out);
}

type Driver = 'processes' | 'containers';

/** What the nodes of the tests have to be, by flag or else by WORKSHOP_DRIVER; null when nobody says. */
function askedDriver({ args, env }: Context): Driver | null {
  const flags = args.slice(1);
  const unknown = flags.find((flag) => flag !== '--containers' && flag !== '--processes');
  if (unknown !== undefined) {
    throw new WorkshopError(`test:N takes --containers or --processes, got "${unknown}".`);
  }
  if (flags.includes('--containers')) return 'containers';
  if (flags.includes('--processes')) return 'processes';
  return driverIn(env);
}

/** @throws WorkshopError when WORKSHOP_DRIVER has no meaning */
function driverIn({ WORKSHOP_DRIVER: asked }: Context['env']): Driver | null {
  if (!asked) return null;
  if (asked === 'containers' || asked === 'processes') return asked;
  throw new WorkshopError(`WORKSHOP_DRIVER takes containers or processes, got "${asked}".`);
}

function verdictOn(
  step: Step,
  driver: Driver,
  { workshop, out, signal, env }: Context,
): Promise<Verdict> {
  const { green, red, dim } = out.colors;
  return checkStep(workshop, step, {
    signal,
    env: { ...env, WORKSHOP_DRIVER: driver },
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

/** The steps' tests, and those that need containers, against the solutions. */
async function testInContainers(context: Context): Promise<number> {
  const { args, out, env } = context;
  const trouble = containerTrouble(LAST_STEP, env);
  if (trouble !== null) {
    out.lines(`INFRA  ${trouble}`);
    return EXIT.infra;
  }
  const files = ['--project', 'chat', 'tests/0', 'tests/containers/'];
  const passed = await vitest([...files, ...args.slice(1)], context, 'containers');
  return passed ? EXIT.ok : EXIT.notYet;
}

/** @returns whether everything passed */
async function vitest(
  args: readonly string[],
  { workshop, signal, env }: Context,
  driver: Driver,
): Promise<boolean> {
  const child = spawn(process.execPath, [VITEST, 'run', ...args], {
    cwd: workshop.root,
    env: { ...env, WORKSHOP_TARGET: 'solutions', WORKSHOP_DRIVER: driver },
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'close')) as [number | null];
  signal.throwIfAborted();
  return code === 0;
}

/** The whole suite against the solutions, then the started steps, then what is still to do. */
async function testAll(context: Context): Promise<number> {
  const { workshop, args, out, env } = context;
  const driver = driverIn(env) ?? 'processes';
  const passed = await vitest(args, context, driver);
  let worst: number = passed ? EXIT.ok : EXIT.notYet;
  if (!env.CASSANDRA_CONTACT_POINTS) {
    const why = 'CASSANDRA_CONTACT_POINTS names no server';
    out.lines('', out.colors.dim(`The stores in Cassandra were not tested: ${why}`));
  }
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
    const verdict = await shortVerdictOn(step, driver, context);
    const failed = toldShort(verdict, step, out);
    if (verdict.kind !== 'SOLVED') first ??= step;
    worst = Math.max(worst, failed);
  }
  if (first === null) out.next('npm start', 'the finished chat; you have built all of it');
  else out.next(`npm run test:${first.number}`, `goes on with step ${first.number}`);
  return worst;
}

async function shortVerdictOn(step: Step, driver: Driver, context: Context): Promise<Verdict> {
  const { workshop, signal, env } = context;
  const needed = step.number === LAST_STEP ? 'containers' : driver;
  const trouble = needed === 'containers' ? containerTrouble(step.number, env) : null;
  if (trouble !== null) return { kind: 'INFRA', why: trouble };
  return checkStep(workshop, step, { signal, env: { ...env, WORKSHOP_DRIVER: needed } });
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

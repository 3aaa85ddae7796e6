// The commands by name, what they are given, and what becomes of an error.
import type { Command, Context } from './commands/Context.ts';
import { EXIT } from './commands/Context.ts';
import { Workshop } from './content/Workshop.ts';
import { BrokenWorkshopError, WorkshopError } from './errors.ts';
import { Output } from './Output.ts';
import { wrap } from './text.ts';

/** Each is loaded when it is asked for: `hint` need not wait for what `watch` needs. */
const COMMANDS: Readonly<Record<string, { about: string; load: () => Promise<Command> }>> = {
  step: {
    about: 'N  runs your version of step N',
    load: async () => {
      const { run } = await import('./commands/run.ts');
      return (context) => run('step', context);
    },
  },
  solution: {
    about: 'N  runs the solution of step N',
    load: async () => {
      const { run } = await import('./commands/run.ts');
      return (context) => run('solution', context);
    },
  },
  test: {
    about: '[N]  checks step N, or everything',
    load: async () => (await import('./commands/test.ts')).test,
  },
  watch: {
    about: 'N  checks step N at every save',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  hint: {
    about: 'N  the next hint for the first unsolved exercise',
    load: async () => (await import('./commands/hint.ts')).hint,
  },
  diff: {
    about: "N  from your lines to the solution's",
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  reset: {
    about: 'N  back to the start; your version is kept',
    load: async () => (await import('./commands/reset.ts')).reset,
  },
  progress: {
    about: 'a line per exercise',
    load: async () => (await import('./commands/progress.ts')).progress,
  },
  doctor: {
    about: 'what this machine has and what it lacks',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  generate: {
    about: 'writes steps/ from solutions/',
    load: async () => (await import('./commands/generate.ts')).generate,
  },
  verify: {
    about: 'proves that the tests tell right from wrong',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
};

export interface CliOptions {
  readonly workshop?: Workshop;
  readonly out?: Output;
  readonly env?: Context['env'];
  readonly signal?: AbortSignal;
}

/** Resolves with the exit code: see EXIT; 130 when Ctrl-C ended it. */
export async function cli(
  name: string | undefined,
  args: readonly string[],
  { workshop = new Workshop(), out = new Output(), env = process.env, signal }: CliOptions = {},
): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name!] : undefined;
  if (command === undefined) {
    help(name, out);
    return EXIT.infra;
  }
  const interrupted = signal ?? interruption(name!);
  try {
    const execute = await command.load();
    return await execute({ workshop, args, out, env, signal: interrupted });
  } catch (error) {
    if (interrupted.aborted) {
      out.lines('', 'Stopped before there was a verdict.');
      return 130;
    }
    if (!(error instanceof WorkshopError)) throw error;
    const broken = error instanceof BrokenWorkshopError;
    const { bold, red } = out.colors;
    if (broken) out.lines(`${bold(red('BROKEN WORKSHOP'))}  Not your mistake, the workshop's:`, '');
    for (const line of error.message.split('\n')) out.lines(...(line ? wrapKeeping(line) : ['']));
    if (broken) out.next('git status', 'is a file of solutions/ or tests/ changed?');
    return broken ? EXIT.broken : EXIT.infra;
  }
}

/** `npm run diff:3 | head` closes the pipe before all is said; that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** Aborted by Ctrl-C. What runs nodes listens for itself, to stop them in order. */
function interruption(name: string): AbortSignal {
  const controller = new AbortController();
  if (name === 'step' || name === 'solution') return controller.signal;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort(new Error(signal)));
  }
  return controller.signal;
}

function wrapKeeping(line: string): string[] {
  const indent = /^\s*/.exec(line)![0];
  return wrap(line, 80 - indent.length).map((text) => indent + text);
}

function help(name: string | undefined, out: Output): void {
  if (name !== undefined) out.lines(`There is no command ${name}. There are:`, '');
  out.line(`  ${'start'.padEnd(10)} the finished chat on this machine`);
  for (const [command, { about }] of Object.entries(COMMANDS)) {
    out.line(`  ${command.padEnd(10)} ${about}`);
  }
  out.next('npm run progress', 'where you stand');
}

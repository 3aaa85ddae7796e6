// `npm run watch:N`: the step's tests again at every save. A save ends the run that it outdates.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { watch as watchFiles } from 'chokidar';
import { WorkshopError } from '../errors.ts';
import { type Context, EXIT } from './Context.ts';
import { missing } from './diff.ts';
import { testStep } from './test.ts';

/** Editors save in several moves. */
const SETTLE_MS = 150;
const IGNORED = /(^|[\\/])(node_modules|data|coverage|\.git)([\\/]|$)|\.log$|~$/;

export async function watch(context: Context): Promise<number> {
  const { workshop, args, out, signal } = context;
  const step = workshop.step(args[0]);
  if (!step.exists) throw new WorkshopError(missing(step));
  const folders = [step.dir, join(workshop.root, step.testFile)].filter(existsSync);
  const watcher = watchFiles(folders, {
    ignoreInitial: true,
    ignored: (path) => IGNORED.test(relative(workshop.root, path)),
  });
  const changes = new Changes();
  watcher.on('all', (_event, path) => changes.add(relative(workshop.root, path)));
  try {
    // Nothing that is saved from here on is missed.
    await once(watcher, 'ready');
    while (!signal.aborted) {
      const outdated = changes.begin();
      await testOnce({ ...context, signal: AbortSignal.any([signal, outdated]) });
      if (signal.aborted) break;
      if (!outdated.aborted) out.lines('', out.colors.dim('Watching for a save; Ctrl-C ends it.'));
      const changed = await changes.settled(signal);
      if (signal.aborted) break;
      out.lines('', out.colors.dim(`── ${changed} was saved ${'─'.repeat(20)}`), '');
    }
    return EXIT.ok;
  } finally {
    await watcher.close();
  }
}

/** With nodes that are processes, unless somebody asks for others: they start in half the time. */
async function testOnce(context: Context): Promise<void> {
  const { WORKSHOP_DRIVER = 'processes' } = context.env;
  try {
    await testStep({ ...context, env: { ...context.env, WORKSHOP_DRIVER } });
  } catch (error) {
    if (context.signal.aborted) return;
    // A region's marker may be half written; the next save may mend it.
    if (!(error instanceof WorkshopError)) throw error;
    context.out.line(error.message);
  }
}

/** The saves since the run began. */
class Changes {
  #outdated = new AbortController();
  #last: string | null = null;
  #happened = Promise.withResolvers<void>();

  add(path: string): void {
    this.#last = path;
    this.#outdated.abort();
    this.#happened.resolve();
  }

  /** A run begins; aborted by the next save. */
  begin(): AbortSignal {
    this.#outdated = new AbortController();
    this.#happened = Promise.withResolvers();
    this.#last = null;
    return this.#outdated.signal;
  }

  /** Resolves a moment after the last save, with what was saved, or when `signal` is aborted. */
  async settled(signal: AbortSignal): Promise<string> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.#happened.promise, aborted]);
    for (;;) {
      this.#happened = Promise.withResolvers();
      const more = this.#happened.promise.then(() => true);
      const quiet = new Promise<boolean>((resolve) => setTimeout(resolve, SETTLE_MS, false));
      if (!(await Promise.race([more, quiet, aborted.then(() => false)]))) break;
    }
    return this.#last ?? '';
  }
}

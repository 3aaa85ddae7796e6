// `todo`: what stands where an exercise is not solved yet. A global, preloaded into every node and
// test of a step, so that a step's files need no import for it.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Named as the steps are, and never edited by a learner. */
const SOLUTIONS = fileURLToPath(new URL('../../../solutions', import.meta.url));

/** The chat answers it with HTTP 501 or an `error` frame; both carry its message. */
export class NotImplementedError extends Error {
  override readonly name = 'NotImplementedError';
  readonly code = 'ERR_NOT_IMPLEMENTED';
  readonly statusCode = 501;
  /** The exercise, such as '3.1'. */
  readonly exercise: string;

  constructor(id: string, what: string) {
    super(`exercise ${id} is not solved yet: ${what} (see steps/${folderOf(id)}/README.md)`);
    this.exercise = id;
  }
}

let folders: readonly string[] | null = null;

function folderOf(id: string): string {
  const prefix = `0${Number.parseInt(id, 10)}-`;
  folders ??= readdirSync(SOLUTIONS);
  return folders.find((name) => name.startsWith(prefix)) ?? `${prefix}*`;
}

declare global {
  /**
   * Says that an exercise is not solved yet. It returns the error: throw it, or answer with it.
   * @param id the exercise, such as '3.1'
   * @param what is to be done there, in a few words
   */
  function todo(id: string, what: string): Error;
}

globalThis.todo = (id, what) => new NotImplementedError(id, what);

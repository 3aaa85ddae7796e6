// The repository as containers see it: mounted, read-only, so that no image has to be built for what
// a learner has just saved.
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MOUNTED = '/workshop';

/** As Docker writes a mount. */
export const REPO = `${ROOT}:${MOUNTED}:ro`;

/** Runs one of the repository's programs, in which `todo(…)` may stand. */
export function nodeCommand(program: string): string[] {
  return ['node', '--import', inContainer('packages/workshop/src/todo.ts'), inContainer(program)];
}

/** @throws Error when the file is not in the repository */
function inContainer(file: string): string {
  const path = relative(ROOT, new URL(file, `file://${ROOT}`).pathname);
  if (path.startsWith('..')) throw new Error(`${file} is not in ${ROOT}, which containers see`);
  return `${MOUNTED}/${path.split(sep).join('/')}`;
}

// The few questions that are put to git.
import { spawnSync } from 'node:child_process';
import { WorkshopError } from './errors.ts';

export interface GitAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws WorkshopError when there is no git */
export function git(cwd: string, args: readonly string[]): GitAnswer {
  const done = spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (done.error !== undefined) {
    const { code } = done.error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw done.error;
    throw new WorkshopError('This needs git, which was not found. Install it: https://git-scm.com');
  }
  return { code: done.status ?? 1, stdout: done.stdout, stderr: done.stderr };
}

/** Whether the folder holds exactly what is committed; false outside a repository. */
export function isCommitted(root: string, path: string): boolean {
  const { code, stdout } = git(root, [
    'status',
    '--porcelain',
    '--untracked-files=all',
    '--',
    path,
  ]);
  if (code !== 0 || stdout.trim() !== '') return false;
  return git(root, ['ls-files', '--', path]).stdout.trim() !== '';
}

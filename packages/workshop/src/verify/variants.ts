// The files of a claim as a folder of their own below `.workshop/`, where Node finds the packages that
// it finds for a solution.
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOf } from '../content/files.ts';
import { git } from '../git.ts';
import type { Claim } from './Claim.ts';

/** What an image of a step is built of, besides the step. */
const BUILD_CONTEXT = [
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'packages/actor-ts/package.json',
  'packages/actor-ts/src',
];

/** @returns why it cannot be made, or null */
export function writeVariant(root: string, claim: Claim): string | null {
  const { dir, files, patch } = claim;
  if (files === null) return null;
  removeVariant(root, claim);
  const path = join(root, dir);
  for (const [file, content] of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  if (files.has('Dockerfile')) copyBuildContext(root, join(root, repoOf(dir)));
  if (patch === null) return null;
  const before = hashOf(path);
  const applied = git(root, ['apply', `--directory=${repoOf(dir)}`, patch.file]);
  if (applied.code !== 0) return `${patch.file} does not apply:\n${applied.stderr.trim()}`;
  // git leaves out, without a word, paths that it takes for another folder's.
  return hashOf(path) === before ? `${patch.file} changes nothing` : null;
}

export function removeVariant(root: string, { dir, files }: Claim): void {
  if (files !== null) rmSync(join(root, repoOf(dir)), { recursive: true, force: true });
}

/** The folder that stands for the repository's top: two above the variant. */
function repoOf(dir: string): string {
  return dirname(dirname(dir));
}

function copyBuildContext(root: string, to: string): void {
  for (const path of BUILD_CONTEXT) {
    if (existsSync(join(root, path))) cpSync(join(root, path), join(to, path), { recursive: true });
  }
}

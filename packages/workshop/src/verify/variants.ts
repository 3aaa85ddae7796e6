// The files of a claim as a folder of their own below `.workshop/`, where Node finds the packages that
// it finds for a solution.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOf } from '../content/files.ts';
import { git } from '../git.ts';
import type { Claim } from './Claim.ts';

/** @returns why it cannot be made, or null */
export function writeVariant(root: string, { dir, files, patch }: Claim): string | null {
  if (files === null) return null;
  const path = join(root, dir);
  rmSync(path, { recursive: true, force: true });
  for (const [file, content] of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  if (patch === null) return null;
  const before = hashOf(path);
  // The patch says solutions/03-persistence/src/main.ts, and means src/main.ts of the variant.
  const applied = git(root, ['apply', '-p3', `--directory=${dir}`, patch.file]);
  if (applied.code !== 0) return `${patch.file} does not apply:\n${applied.stderr.trim()}`;
  // git leaves out, without a word, paths that it takes for another folder's.
  return hashOf(path) === before ? `${patch.file} changes nothing` : null;
}

export function removeVariant(root: string, { dir, files }: Claim): void {
  if (files !== null) rmSync(join(root, dir), { recursive: true, force: true });
}

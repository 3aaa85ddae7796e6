// A database file of one test, in a directory of its own.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFile {
  readonly path: string;
  dispose(): Promise<void>;
}

export async function temporaryFile(): Promise<TemporaryFile> {
  const directory = await mkdtemp(join(tmpdir(), 'actor-ts-'));
  return {
    path: join(directory, 'made', 'on-demand', 'journal.db'),
    dispose: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

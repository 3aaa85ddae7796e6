// `.workshop/`: the data of `npm start`, its secret, and the lock that keeps two runs apart.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WorkshopError } from './errors.ts';
import { typedCommand } from './typed.ts';

const SECRET = /^[\w-]{43}$/;

export interface WorkshopDir {
  readonly path: string;
  /** Where the journal lies. */
  readonly data: string;
  /** Signs the chat's tokens; the same at every start, so that logins outlive a restart. */
  readonly secret: string;
  /** What Node compiled last time, so that the next start is faster. */
  readonly compileCache: string;
  release(): void;
}

/**
 * Creates the folder when it is not there, and takes it for this process alone.
 * @throws WorkshopError when another run holds it, or its secret is unusable
 */
export function openWorkshopDir(dir: string): WorkshopDir {
  const path = resolve(dir);
  const data = join(path, 'data');
  mkdirSync(data, { recursive: true });
  const release = lock(path);
  try {
    const secret = readOrCreateSecret(join(path, 'secret'));
    return { path, data, secret, compileCache: join(path, 'cache'), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The system frees a SQLite lock with the process that held it, `kill -9` included. */
function lock(path: string): () => void {
  const database = new DatabaseSync(join(path, 'lock'));
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!/locked/.test((error as Error).message)) throw error;
    throw new WorkshopError(
      `Another run uses ${path}. Stop it first (Ctrl-C there), or give this one its own folder ` +
        `and ports: ${typedCommand()} -- --dir .workshop-2 --port 0 --view-port 0 --http-port 0 ` +
        '--management-port 0 --cluster-port 0',
    );
  }
  return () => database.close();
}

function readOrCreateSecret(file: string): string {
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(file, 0o600);
  const secret = readFileSync(file, 'utf8').trim();
  if (!SECRET.test(secret)) {
    throw new WorkshopError(`${file} does not hold a secret. Delete it: a new one will be made.`);
  }
  return secret;
}

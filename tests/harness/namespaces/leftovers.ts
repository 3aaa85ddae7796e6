// What a network was made of says by its names which process owns it: after a crash of that process
// somebody else removes it.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { run } from '../links/commands.ts';
import { isGone, ownName } from '../owner.ts';

const NAMESPACES = '/run/netns';
/** What a node calls its link to the machine. */
export const OUTSIDE = 'outside';
const OWNED = /^chat-(\d+)-(\d+)-/;

/** The beginning of the names of all namespaces of one network of this process. */
export function prefixFor(network: number): string {
  return `chat-${ownName('-')}-${network}-`;
}

/** Where a namespace's file is. */
export function fileOf(namespace: string): string {
  return `${NAMESPACES}/${namespace}`;
}

/** Removes namespaces whose owners are gone, with the processes in them. @returns how many */
export async function sweep(): Promise<number> {
  const dead = existing().filter((name) => {
    const [, pid, beginning] = OWNED.exec(name) ?? [];
    return pid !== undefined && isGone(Number(pid), beginning!);
  });
  for (const name of dead) {
    await unlessRemoved(name, async () => {
      const pids = await run('ip', ['netns', 'pids', name]);
      for (const pid of pids.split('\n').filter(Boolean)) kill(Number(pid));
    });
    await remove(name);
  }
  return dead.length;
}

/** Removes a namespace and its link to the machine; nothing happens where somebody else has. */
export async function remove(name: string): Promise<void> {
  for (const command of removalOf(name)) await unlessRemoved(name, () => run('ip', command));
}

/** A namespace lasts until its last socket is closed, which may take minutes; the link need not. */
function removalOf(name: string): string[][] {
  return [
    ['-n', name, 'link', 'del', OUTSIDE],
    ['netns', 'del', name],
  ];
}

/** Another run may be removing the same: what fails for that reason is done. */
async function unlessRemoved(namespace: string, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const isLinkGone = /Cannot find device/.test((error as Error).message);
    if (!isLinkGone && existing().includes(namespace)) throw error;
  }
}

/** At the end of this process, whatever ends it in order, what it still has is removed. */
export function removeAtExit(): void {
  process.once('exit', () => {
    const prefix = `chat-${ownName('-')}-`;
    for (const name of existing().filter((found) => found.startsWith(prefix))) {
      for (const command of removalOf(name)) spawnSync('ip', command, { stdio: 'ignore' });
    }
  });
}

function existing(): string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

// Names a process for good: its id will be another's one day, so its beginning is part of it. What
// tests make outside of themselves carries it, so that somebody else can tell what was left behind.
import { readFileSync } from 'node:fs';

/** This process, as `<pid>` and `<beginning>`. */
export function ownName(separator: string): string {
  return `${process.pid}${separator}${beginningOf(process.pid)}`;
}

/** Whether the process that had this name has ended. */
export function isGone(pid: number, beginning: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return beginningOf(pid) !== beginning;
}

/** When the process began, in ticks since the machine did; empty where that is not told. */
function beginningOf(pid: number): string {
  if (process.platform !== 'linux') return '';
  try {
    // The name in the second field may contain anything; the beginning is the 22nd field.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

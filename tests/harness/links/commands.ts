// The system's own tools, run in the network namespace that is meant. Nobody waits for them for long.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TIMEOUT_MS = 10_000;
const execute = promisify(execFile);

/** @returns what it printed @throws Error with what it said when it fails */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const running = execute(command, args, { timeout: TIMEOUT_MS });
  const { stdin } = running.child;
  // It may end without having read; then its exit code tells.
  stdin!.on('error', () => undefined).end(input);
  return (await running).stdout;
}

/** The command line that runs `command` in a network namespace. */
export function inside(netns: string, command: string, ...args: string[]): [string, string[]] {
  return ['nsenter', [`--net=${netns}`, '--', command, ...args]];
}

export function runInside(netns: string, args: readonly string[], input?: string): Promise<string> {
  const [command, rest] = inside(netns, ...(args as [string, ...string[]]));
  return run(command, rest, input);
}

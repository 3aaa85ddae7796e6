// What every command is given, so that tests can give it something smaller.
import type { Workshop } from '../content/Workshop.ts';
import type { Output } from '../Output.ts';

export interface Context {
  readonly workshop: Workshop;
  /** After the command's name. */
  readonly args: readonly string[];
  readonly out: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C; commands that take long end with its reason. */
  readonly signal: AbortSignal;
}

/** Resolves with the exit code. */
export type Command = (context: Context) => number | Promise<number>;

/** Exit codes of all commands. */
export const EXIT = { ok: 0, notYet: 1, infra: 2, broken: 3 } as const;

// How the measuring commands take their options: what is wrong is said in a line, with what is right.

/** An option has a value it does not take; the message is the line to print. */
export class OptionError extends Error {}

/**
 * What `read` makes of the command line. `--help` prints `usage` and ends the process with 0. A bad
 * option, an OptionError or one of `parseArgs`, prints what is wrong and `usage`, and ends it with 2.
 */
export function optionsOf<T>(usage: string, read: () => T): T {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!(error instanceof OptionError) && !code.startsWith('ERR_PARSE_ARGS')) throw error;
    // `parseArgs` adds advice for file names that begin with a dash, of which there are none here.
    const wrong = (error as Error).message.replace(/\. To specify a positional.*/s, '.');
    console.error(`${wrong}\n\n${usage}`);
    process.exit(2);
  }
}

/** @throws OptionError unless `text` is a whole number from `least` on */
export function whole(flag: string, text: string, least = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new OptionError(`--${flag} takes a whole number from ${least}, got "${text}".`);
}

/** Those of `all` that are named; all of them when none is. @throws OptionError for another name */
export function chosen(all: readonly string[], names: readonly string[]): readonly string[] {
  const unknown = names.find((name) => !all.includes(name));
  if (unknown === undefined) return names.length === 0 ? all : names;
  throw new OptionError(`There is no "${unknown}". There are: ${all.join(', ')}`);
}

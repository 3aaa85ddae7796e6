// A wrong or another right answer to a step, as a patch to its solution: lines for the reader up to
// the first `diff --git`, among them `What:` and, for a wrong one, `Killed by:`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenWorkshopError } from '../errors.ts';

export interface Patch {
  /** The file's name without `.patch`. */
  readonly name: string;
  /** From the root, with slashes. */
  readonly file: string;
  /** The mistake, or the other way, in a sentence. */
  readonly what: string;
  /** The title of the test that rejects it, or a beginning that no other title has; null: none said. */
  readonly killedBy: string | null;
  /** Paths that it changes, from the root. */
  readonly changes: readonly string[];
}

export type PatchKind = 'wrong-answers' | 'alternatives';

/** The patches of a step by name; none when there is no such folder. @throws BrokenWorkshopError */
export function readPatches(root: string, kind: PatchKind, step: number): Patch[] {
  const dir = `tests/${kind}/${step}`;
  return namesIn(join(root, dir)).map((name) => {
    const file = `${dir}/${name}`;
    const patch = parsePatch(readFileSync(join(root, file), 'utf8'), file);
    if (kind === 'wrong-answers' && patch.killedBy === null) {
      throw new BrokenWorkshopError(`${file} does not say "Killed by: ", with a test's title`);
    }
    return patch;
  });
}

/** @throws BrokenWorkshopError naming what is missing */
export function parsePatch(text: string, file: string): Patch {
  const begin = text.search(/^diff --git /m);
  if (begin < 0) throw new BrokenWorkshopError(`${file} has no line that begins with diff --git`);
  const fields = fieldsOf(text.slice(0, begin));
  const what = fields.get('what');
  if (!what) throw new BrokenWorkshopError(`${file} does not say "What: ", with a sentence`);
  const body = text.slice(begin);
  const changes = [...body.matchAll(/^diff --git a\/(\S+) b\/(\S+)$/gm)].map(([, , to]) => to!);
  const name = file.slice(file.lastIndexOf('/') + 1).replace(/\.patch$/, '');
  return { name, file, what, killedBy: fields.get('killed by') || null, changes };
}

/** `Name: value`; lines that begin with a space go on with the value before them. */
function fieldsOf(header: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last: string | null = null;
  for (const line of header.split('\n')) {
    const field = /^([A-Z][a-z ]*):\s*(.*)$/.exec(line);
    if (field !== null) {
      last = field[1]!.toLowerCase();
      fields.set(last, field[2]!.trim());
    } else if (last !== null && /^\s+\S/.test(line)) {
      fields.set(last, `${fields.get(last)} ${line.trim()}`.trim());
    } else {
      last = null;
    }
  }
  return fields;
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.patch'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

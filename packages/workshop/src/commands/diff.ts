// `npm run diff:N`: what lies between the learner's exercises and the solution's, and nothing else.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findRegions, type Region, replaceRegions } from '../content/regions.ts';
import { readableRegions, type Step } from '../content/Step.ts';
import { type Files, readFiles, regionsIn } from '../content/starter.ts';
import { WorkshopError } from '../errors.ts';
import { git } from '../git.ts';
import { type Context, EXIT } from './Context.ts';

export function diff({ workshop, args, out }: Context): number {
  const step = workshop.step(args[0]);
  if (!step.exists) throw new WorkshopError(missing(step));
  const { yours, wanted, unmarked } = compared(step);
  const text = gitDiff(yours, wanted, step, out.colors.isColorSupported);
  if (text !== '') {
    out.line(`From your lines (-) to the solution's (+), step ${step.number}:`);
    out.lines('', text.trimEnd());
  } else if (unmarked.length === 0) {
    out.line(`In its exercises step ${step.number} is the same as its solution.`);
  }
  for (const file of unmarked) {
    out.lines(
      '',
      `steps/${step.name}/${file} has lost a #region line, so it cannot be compared by`,
      'exercise. The whole of it:',
      `  git diff --no-index steps/${step.name}/${file} solutions/${step.name}/${file}`,
    );
  }
  out.next(`npm run test:${step.number}`, "another way than the solution's counts as well");
  return EXIT.ok;
}

interface Compared {
  readonly yours: Files;
  readonly wanted: Files;
  /** Files in which the learner's regions cannot be found. */
  readonly unmarked: readonly string[];
}

/** The solution's files, once as they are and once with the learner's regions in their place. */
function compared(step: Step): Compared {
  const solution = readFiles(step.solutionDir);
  const here = readFiles(step.dir);
  const yours = new Map<string, Buffer>();
  const wanted = new Map<string, Buffer>();
  const unmarked: string[] = [];
  for (const file of new Set(regionsIn(solution).map((region) => region.file))) {
    const text = solution.get(file)!.toString();
    const regions = findRegions(text, file);
    const theirs = readableRegions(here, file);
    const same = theirs.length === regions.length;
    if (!same || theirs.some(({ id }, index) => id !== regions[index]!.id)) {
      unmarked.push(file);
      continue;
    }
    const replaced = replaceRegions(
      text,
      regions,
      (_region: Region, index) => theirs[index]!.lines,
    );
    yours.set(file, Buffer.from(replaced));
    wanted.set(file, Buffer.from(text));
  }
  return { yours, wanted, unmarked };
}

/** Through git, since it shows a difference better than we would, and in the learner's colours. */
function gitDiff(yours: Files, wanted: Files, step: Step, colored: boolean): string {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-diff-'));
  try {
    const [from, to] = [`steps/${step.name}`, `solutions/${step.name}`];
    write(join(dir, from), yours);
    write(join(dir, to), wanted);
    const color = colored ? 'always' : 'never';
    const flags = ['--no-index', '--no-prefix', '--no-ext-diff', `--color=${color}`];
    const { code, stdout, stderr } = git(dir, ['diff', ...flags, '--', from, to]);
    if (code > 1) throw new WorkshopError(`git diff failed: ${stderr.trim()}`);
    // The temporary blobs' names say nothing to anybody.
    return (
      stdout
        .split('\n')
        // biome-ignore lint/suspicious/noControlCharactersInRegex: git colours these lines
        .filter((line) => !/^(\u001b\[\d*m)?(index [0-9a-f]+\.\.|diff --git )/.test(line))
        .join('\n')
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function write(dir: string, files: Files): void {
  mkdirSync(dir, { recursive: true });
  for (const [file, content] of files) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), content);
  }
}

/** What to say when the learner's folder is gone. */
export function missing({ number, name }: Step): string {
  return `steps/${name} is not there.\nNext: npm run reset:${number}  writes it`;
}

// A solution made into what the learner starts from: each region becomes a TODO and its starter.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BrokenWorkshopError } from '../errors.ts';
import { wrap } from '../text.ts';
import { listFiles } from './files.ts';
import type { Exercise, Manifest } from './manifest.ts';
import { findRegions, type Region, replaceRegions } from './regions.ts';

/** Relative path to content: bytes, since a solution may hold an image. */
export type Files = ReadonlyMap<string, Buffer>;

export interface RegionAt {
  readonly file: string;
  readonly region: Region;
}

/** Stays with the solution: the answers' manifest, and tests that know how the solution is built. */
const NOT_FOR_LEARNERS = /^(exercises\.yaml$|tests\/)/;
const COMMENT_WIDTH = 96;

/** What names its own folder: where an image is built from, and what it is called. */
const OWN_FOLDER = /^(Dockerfile|docker-compose\.yml)$/;

/** The regions of a solution or a step, in the order of files and lines. */
export function regionsIn(files: Files): RegionAt[] {
  return [...files].flatMap(([file, content]) => {
    return isText(content)
      ? findRegions(content.toString(), file).map((region) => ({ file, region }))
      : [];
  });
}

/** From a step's folder. */
const TODO = '../../packages/workshop/src/todo.ts';

export function readFiles(dir: string): Files {
  return new Map(listFiles(dir).map((file) => [file, readFileSync(join(dir, file))]));
}

/**
 * What a step holds before the learner has touched it; or, with `isAtStart`, when only some of its
 * regions stand as at the start (by their exercise, and which one of it) and the others are solved.
 * @throws BrokenWorkshopError when the manifest and the solution's regions do not fit together
 */
export function starterOf(
  manifest: Manifest,
  solution: Files,
  isAtStart: (id: string, index: number) => boolean = () => true,
): Files {
  const { name } = manifest;
  const regions = regionsIn(solution);
  checkRegions(manifest, regions);
  const used = new Map<string, number>();
  const starter = new Map<string, Buffer>();
  for (const [file, content] of solution) {
    if (NOT_FOR_LEARNERS.test(file)) continue;
    if (file === 'package.json') {
      const text = content.toString().replace(`"@solutions/${name}"`, `"@steps/${name}"`);
      // Starters call `todo`, which is a global of the workshop.
      starter.set(file, Buffer.from(text.replace('"tsx src', `"tsx --import ${TODO} src`)));
      continue;
    }
    const own = OWN_FOLDER.test(file) ? toSteps(content, name) : content;
    const here = regions.filter((region) => region.file === file).map(({ region }) => region);
    if (here.length === 0) {
      starter.set(file, own);
      continue;
    }
    const text = replaceRegions(own.toString(), here, (region) => {
      const index = used.get(region.id) ?? 0;
      used.set(region.id, index + 1);
      if (!isAtStart(region.id, index)) return region.lines;
      const exercise = manifest.exercises.find(({ id }) => id === region.id)!;
      return starterLines(exercise, index, region.indent, file);
    });
    starter.set(file, Buffer.from(text));
  }
  return starter;
}

/** `solutions/06-name` and `solutions-06-name` in a file that names its own folder. */
function toSteps(content: Buffer, name: string): Buffer {
  const text = content.toString();
  return Buffer.from(
    text
      .replaceAll(`solutions/${name}`, `steps/${name}`)
      .replaceAll(`solutions-${name}`, `steps-${name}`),
  );
}

function checkRegions({ name, exercises }: Manifest, regions: readonly RegionAt[]): void {
  const known = new Set(exercises.map(({ id }) => id));
  const stray = regions.find(({ region }) => !known.has(region.id));
  if (stray !== undefined) {
    throw new BrokenWorkshopError(
      `solutions/${name}/${stray.file} has region ${stray.region.id}, which is no exercise of ` +
        `solutions/${name}/exercises.yaml`,
    );
  }
  for (const { id, starters } of exercises) {
    const count = regions.filter(({ region }) => region.id === id).length;
    if (count === starters.length) continue;
    throw new BrokenWorkshopError(
      `Exercise ${id} has ${count} regions in solutions/${name} and ${starters.length} starters ` +
        'in its exercises.yaml; it takes one starter a region',
    );
  }
}

function starterLines(exercise: Exercise, index: number, indent: string, file: string): string[] {
  const { id, title, todo, starters } = exercise;
  const part = starters.length === 1 ? '' : ` (${index + 1} of ${starters.length})`;
  const said = [`TODO ${id}${part} ${title}`];
  // Said once: the other places name the exercise and leave the words to the first.
  if (index === 0) said.push(...todo.split('\n'));
  const comment = said.flatMap((line) => {
    const lines = wrap(line.trim(), COMMENT_WIDTH - indent.length);
    return lines.map((text) => commented(text, file));
  });
  const code = starters[index]! === '' ? [] : starters[index]!.split('\n');
  return [...comment, ...code].map((line) => (line === '' ? '' : indent + line));
}

function commented(text: string, file: string): string {
  const extension = file.slice(file.lastIndexOf('.') + 1);
  switch (extension) {
    case 'ts':
    case 'js':
      return `// ${text}`;
    case 'css':
      return `/* ${text} */`;
    case 'html':
      return `<!-- ${text} -->`;
    default:
      return `# ${text}`; // YAML, Dockerfile, nginx.conf, shell
  }
}

function isText(content: Buffer): boolean {
  return !content.subarray(0, 1024).includes(0);
}

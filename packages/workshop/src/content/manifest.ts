// `exercises.yaml` of a solution: what a step teaches, its exercises, their starters and hints.
import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { BrokenWorkshopError } from '../errors.ts';

const filled = z.string().trim().min(1, 'needs some text');
const asText = "is written like '3.1', in quotes";
const exerciseId = z.string(asText).regex(/^[1-9]\.[1-9]\d?$/, asText);

const exercise = z.strictObject({
  id: exerciseId,
  title: filled,
  /** Becomes the TODO comment: what to write and why. */
  todo: filled,
  /** What stands in the exercise's regions at first: one for each, in the order of files and lines. */
  starters: z.array(z.string().transform((code) => code.trimEnd())).min(1),
  /** Titles of its tests that the starter passes, since they guard what is there already. */
  passAtFirst: z.array(filled).default([]),
  /** From general to specific. */
  hints: z.array(filled).min(2, 'needs at least 2 hints').max(4, 'takes at most 4 hints'),
});

const manifest = z
  .strictObject({
    step: z.int().min(1).max(9),
    name: z.string().regex(/^0[1-9]-[a-z][a-z0-9-]*$/, "is the folder's name, like 03-persistence"),
    title: filled,
    teaches: filled,
    exercises: z.array(exercise).min(1),
  })
  .superRefine(({ step, name, exercises }, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (!name.startsWith(`0${step}-`)) refuse(['name'], `does not begin with 0${step}-`);
    for (const [index, { id }] of exercises.entries()) {
      const expected = `${step}.${index + 1}`;
      if (id !== expected) refuse(['exercises', index, 'id'], `is ${id}, and ${expected} is next`);
    }
  });

export type Manifest = z.infer<typeof manifest>;
export type Exercise = Manifest['exercises'][number];

/** @throws BrokenWorkshopError naming the file, the field and what it takes */
export function readManifest(file: string): Manifest {
  return parseManifest(readFileSync(file, 'utf8'), file);
}

/** @throws BrokenWorkshopError */
export function parseManifest(text: string, file: string): Manifest {
  const parsed = manifest.safeParse(parseYaml(text, file));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    return `  ${path.length === 0 ? 'the file' : path.join('.')}: ${message}`;
  });
  throw new BrokenWorkshopError(`${file} is not a manifest:\n${problems.join('\n')}`);
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new BrokenWorkshopError(`${file} is not YAML: ${error.message.trim()}`);
  }
}

// The inputs that are kept: one folder a surface, one file an input, its name says what is nasty.
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('./corpus/', import.meta.url);

export interface Kept {
  /** The file's name without its ending. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** @throws Error for a folder that is empty or not there */
export function corpus(surface: string): readonly Kept[] {
  const folder = new URL(`${surface}/`, ROOT);
  const kept = readdirSync(folder)
    .sort()
    .map((file) => ({
      name: file.replace(/\.\w+$/, ''),
      bytes: readFileSync(new URL(file, folder)),
    }));
  if (kept.length === 0) throw new Error(`the corpus of ${surface} is empty`);
  return kept;
}

export function corpusTexts(surface: string): string[] {
  return corpus(surface).map(({ bytes }) => bytes.toString());
}

// Small records between two runs, below `.workshop/`: JSON files, written whole.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';

export class Kept<T> {
  readonly #file: string;
  readonly #schema: z.ZodType<T>;
  readonly #empty: T;

  constructor(dir: string, name: string, schema: z.ZodType<T>, empty: T) {
    this.#file = join(dir, name);
    this.#schema = schema;
    this.#empty = empty;
  }

  /** What was written last; empty when there is nothing, or nothing that this version understands. */
  read(): T {
    const parsed = this.#schema.safeParse(parseJson(readIfThere(this.#file)));
    return parsed.success ? parsed.data : this.#empty;
  }

  update(change: (value: T) => T): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(change(this.read()), null, 2)}\n`);
    renameSync(draft, this.#file);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

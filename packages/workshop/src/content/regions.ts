// The exercise regions of a file: the lines between `// #region 3.1` and `// #endregion 3.1`.
import { BrokenWorkshopError } from '../errors.ts';

export interface Region {
  readonly id: string;
  /** Index of the first line after the opening marker. */
  readonly start: number;
  /** Index of the closing marker's line. */
  readonly end: number;
  /** What stands before the opening marker: the starter gets the same. */
  readonly indent: string;
  readonly lines: readonly string[];
}

/** In `//`, `#`, `<!--` and `/*` comments; what follows the id is for the reader. */
const MARKER = /^(\s*)(?:\/\/|#|<!--|\/\*)\s*#(region|endregion)\s+(\d+\.\d+)\b/;

/**
 * The regions of a text, in the order of their lines. Other editors' regions, without an exercise's
 * number, are left alone.
 * @throws BrokenWorkshopError when a marker has no partner, or regions lie in one another
 */
export function findRegions(text: string, file: string): Region[] {
  const lines = text.split('\n');
  const found: Region[] = [];
  let open: { id: string; line: number; indent: string } | null = null;
  for (const [index, line] of lines.entries()) {
    const [, indent = '', kind, id = ''] = MARKER.exec(line) ?? [];
    if (kind === undefined) continue;
    const where = `${file}:${index + 1}`;
    if (kind === 'region') {
      if (open !== null) {
        throw new BrokenWorkshopError(
          `${where}: region ${id} begins before region ${open.id} ends (line ${open.line + 1})`,
        );
      }
      open = { id, line: index, indent };
      continue;
    }
    if (open?.id !== id) {
      throw new BrokenWorkshopError(`${where}: region ${id} ends here and began nowhere`);
    }
    const start = open.line + 1;
    found.push({ id, start, end: index, indent: open.indent, lines: lines.slice(start, index) });
    open = null;
  }
  if (open !== null) {
    throw new BrokenWorkshopError(`${file}:${open.line + 1}: region ${open.id} never ends`);
  }
  return found;
}

/** The text with every region's lines replaced, the markers kept. */
export function replaceRegions(
  text: string,
  regions: readonly Region[],
  replacement: (region: Region, index: number) => readonly string[],
): string {
  const lines = text.split('\n');
  const result: string[] = [];
  let done = 0;
  for (const [index, region] of regions.entries()) {
    result.push(...lines.slice(done, region.start), ...replacement(region, index));
    done = region.end;
  }
  return [...result, ...lines.slice(done)].join('\n');
}

/** Whether two regions hold the same, but for blank lines and the space around lines. */
export function sameLines(one: readonly string[], other: readonly string[]): boolean {
  const words = (lines: readonly string[]) =>
    lines.map((line) => line.trim()).filter((line) => line !== '');
  return words(one).join('\n') === words(other).join('\n');
}

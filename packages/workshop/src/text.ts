// Words for a terminal of 80 columns.
import { relative } from 'node:path';

export const WIDTH = 80;

/** The text in lines of at most `width` characters; a longer word stands alone and stays whole. */
export function wrap(text: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** The text wrapped to the terminal, each line indented; its own line breaks and indentation stay. */
export function indented(text: string, indent: number): string {
  const space = ' '.repeat(indent);
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (line.trim() === '') return [''];
      const own = /^ */.exec(line)![0]; // of code in a hint
      return wrap(line, WIDTH - indent - own.length).map((part) => space + own + part);
    })
    .join('\n');
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A path as one would type it here. */
export function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short || '.';
}

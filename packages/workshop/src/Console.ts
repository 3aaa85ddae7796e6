// What the person at the terminal sees: every line begins with who says it, in that one's colour.
import type { Colors } from './colors.ts';
import { formatLogLine } from './logLines.ts';

const RUNNER = 'chat';

export interface Speaker {
  readonly name: string;
  /** What else it calls itself in its log: its cluster address. */
  readonly address: string;
}

export class Console {
  readonly #out: { write(text: string): unknown };
  readonly #colors: Colors;
  readonly #paint: Map<string, (text: string) => string>;
  readonly #ownNames: Map<string, readonly string[]>;
  readonly #width: number;

  constructor(
    nodes: readonly Speaker[],
    colors: Colors,
    out: { write(text: string): unknown } = process.stdout,
  ) {
    const { cyan, magenta, green, blue, yellow } = colors;
    const palette = [cyan, magenta, green, blue, yellow];
    this.#out = out;
    this.#colors = colors;
    this.#paint = new Map(nodes.map(({ name }, index) => [name, palette[index % palette.length]!]));
    this.#ownNames = new Map(nodes.map(({ name, address }) => [name, [name, address]]));
    this.#width = Math.max(RUNNER.length, ...nodes.map(({ name }) => name.length));
  }

  /** The runner's own words; each line of `text` gets its prefix. */
  say(text: string): void {
    for (const line of text.split('\n')) this.#write(RUNNER, this.#colors.bold, line);
  }

  /** The same, for what somebody should notice. */
  warn(text: string): void {
    for (const line of text.split('\n')) {
      this.#write(RUNNER, this.#colors.bold, this.#colors.yellow(line));
    }
  }

  /** A line of a node's output. */
  node(name: string, stream: 'stdout' | 'stderr', line: string): void {
    const paint = this.#paint.get(name) ?? ((text: string) => text);
    for (const shown of formatLogLine(line, this.#ownNames.get(name) ?? [], this.#colors)) {
      this.#write(name, paint, stream === 'stderr' ? this.#colors.red(shown) : shown);
    }
  }

  #write(name: string, paint: (text: string) => string, line: string): void {
    this.#out.write(`${paint(`${name.padEnd(this.#width)} │`)} ${line}`.trimEnd().concat('\n'));
  }
}

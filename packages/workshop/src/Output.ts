// What a command says: text for a person, in 80 columns, with colours where they are wanted.
import { type Colors, terminalColors } from './colors.ts';
import { indented, WIDTH } from './text.ts';

export interface Writable {
  write(text: string): unknown;
}

export class Output {
  readonly colors: Colors;
  readonly #stream: Writable;

  constructor(stream: Writable = process.stdout, colors: Colors = terminalColors()) {
    this.#stream = stream;
    this.colors = colors;
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  lines(...lines: readonly string[]): void {
    for (const line of lines) this.line(line);
  }

  /** What to do now: every command ends with it. */
  next(command: string, why: string): void {
    const shown = `Next: ${this.colors.cyan(command)}`;
    const fits = `Next: ${command}  ${why}`.length <= WIDTH;
    this.line();
    if (fits) this.line(`${shown}  ${why}`);
    else this.lines(shown, indented(why, 6));
  }
}

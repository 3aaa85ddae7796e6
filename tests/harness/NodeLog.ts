// The last lines that the nodes of a cluster said, for the report of a failed test.
const MAX_LINES = 400;

export class NodeLog {
  private readonly lines: string[] = [];
  private readonly said: (line: string) => void;

  /** @param said told each line as it comes */
  constructor(said: (line: string) => void = () => undefined) {
    this.said = said;
  }

  readonly add = (line: string): void => {
    this.said(line);
    this.lines.push(line);
    if (this.lines.length > MAX_LINES) this.lines.shift();
  };

  toString(): string {
    return this.lines.join('\n');
  }
}

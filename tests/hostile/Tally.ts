// What became of the inputs of one surface: taken, refused by a name, or refused without one.

/** Examples of what had no name that are kept; all are counted. */
const MAX_KEPT = 20;
const MAX_SHOWN = 400;

export class Tally {
  inputs = 0;
  accepted = 0;
  /** Name → how often. */
  readonly rejections = new Map<string, number>();
  /** What must not happen, with the input that led to it. */
  readonly faults: string[] = [];
  faultCount = 0;

  accept(): void {
    this.inputs++;
    this.accepted++;
  }

  reject(name: string): void {
    this.inputs++;
    this.rejections.set(name, (this.rejections.get(name) ?? 0) + 1);
  }

  /** A crash, a rejection without a name, an input that got further than it may. */
  fault(what: string, input: unknown): void {
    this.inputs++;
    this.faultCount++;
    if (this.faults.length < MAX_KEPT) this.faults.push(`${what}: ${shown(input)}`);
  }

  get rejected(): number {
    return [...this.rejections.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** An input as a failed test prints it. */
export function shown(input: unknown): string {
  const text =
    input instanceof Uint8Array
      ? `hex ${Buffer.from(input).toString('hex')} ${JSON.stringify(Buffer.from(input).toString('latin1'))}`
      : (JSON.stringify(input) ?? String(input));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length})` : text;
}

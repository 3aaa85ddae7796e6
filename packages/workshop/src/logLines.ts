// A node's output made readable: pino's JSON becomes one short line, everything else stays as it is.
import { inspect } from 'node:util';
import type { Colors } from './colors.ts';

/** A line longer than this is cut into pieces: a program may write without ever ending a line. */
const MAX_LINE_CHARS = 64 * 1024;
const MAX_VALUE_CHARS = 200;

/** What every line of a node says and a reader need not see. */
const NOISE = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'error']);

/** Feeds whole lines to `onLine`; `end()` feeds what is left. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (this.#rest.length > MAX_LINE_CHARS) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_CHARS));
      this.#rest = this.#rest.slice(MAX_LINE_CHARS);
    }
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}

/**
 * One line of a node's stdout as the lines to show (more than one when there is a stack).
 * @param ownNames what the node calls itself; every line would say so
 */
export function formatLogLine(line: string, ownNames: readonly string[], colors: Colors): string[] {
  const record = parseRecord(line);
  if (record === null) return [visible(line)];
  const parts = [level(record.level, colors), message(record, colors)];
  for (const [key, value] of Object.entries(record)) {
    if (NOISE.has(key) || isOwnName(value, ownNames)) continue;
    parts.push(colors.dim(`${visible(key)}=${show(value)}`));
  }
  const lines = [parts.filter((part) => part !== '').join(' ')];
  for (const error of [record.err, record.error]) lines.push(...stackOf(error));
  return lines;
}

/** Also as an address: `system@host:port`. */
function isOwnName(value: unknown, ownNames: readonly string[]): boolean {
  return ownNames.includes(String(value).replace(/^[\w-]+@/, ''));
}

interface LogRecord {
  readonly level: number | string;
  readonly msg?: unknown;
  readonly err?: unknown;
  readonly error?: unknown;
}

function parseRecord(line: string): LogRecord | null {
  if (!line.startsWith('{')) return null;
  try {
    const value = JSON.parse(line);
    return typeof value.level === 'number' || typeof value.level === 'string' ? value : null;
  } catch {
    return null; // not JSON: shown as it is
  }
}

function level(value: number | string, colors: Colors): string {
  const known = [
    { number: 60, name: 'fatal', paint: (text: string) => colors.bold(colors.red(text)) },
    { number: 50, name: 'error', paint: colors.red },
    { number: 40, name: 'warn', paint: colors.yellow },
  ].find(({ number, name }) => (typeof value === 'number' ? value >= number : value === name));
  return known === undefined ? '' : known.paint(known.name.toUpperCase());
}

function message(record: LogRecord, colors: Colors): string {
  const text = typeof record.msg === 'string' ? visible(record.msg) : '';
  const quiet = record.level === 10 || record.level === 20;
  return quiet ? colors.dim(text) : text;
}

function show(value: unknown): string {
  const text =
    typeof value === 'string' && /^[^\s"']+$/.test(value) ? value : JSON.stringify(value);
  const short = text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
  return visible(short);
}

function stackOf(error: unknown): string[] {
  if (typeof error === 'string') return [`  ${visible(error)}`];
  if (typeof error !== 'object' || error === null) return [];
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : String(message ?? inspect(error));
  return text.split('\n').map((line) => `  ${visible(line)}`);
}

/** A log line may hold what a client sent; control characters must not reach the terminal. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (character) => {
    return character === '\n'
      ? '\\n'
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

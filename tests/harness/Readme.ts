// The "See it" part of a step's README: its commands, what it says they answer, and whether what
// they really answer looks like that.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { TestCluster, TestNode } from './Driver.ts';
import { eventually } from './eventually.ts';

const run = promisify(execFile);
const INSTALLED = fileURLToPath(new URL('../../node_modules', import.meta.url));
const COMMANDS_WITHIN_MS = 30_000;

/** Differs from run to run: only its type is compared. */
const VARIES = new Set([
  'token',
  'expiresAt',
  'at',
  'node',
  'self',
  'leader',
  'address',
  'position',
  'session',
]);

/** A walk through the part, block by block. */
export class SeeIt {
  /** In the README's order; may be changed to have the right one as its node 1. */
  nodes: readonly TestNode[];
  private readonly dir: string;
  private readonly blocks: { readonly language: string; readonly text: string }[];

  constructor(stepFolder: string, { nodes, dir }: TestCluster) {
    const readme = readFileSync(join(stepFolder, 'README.md'), 'utf8');
    const part = /^## See it$(.*?)^## /ms.exec(readme)?.[1];
    if (part === undefined) throw new Error(`${stepFolder}/README.md has no part "See it"`);
    this.blocks = [...part.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
      language: language!,
      text: text!.trimEnd(),
    }));
    this.nodes = nodes;
    this.dir = dir;
    symlinkSync(INSTALLED, join(dir, 'node_modules')); // what `npx` finds at the repo's top
  }

  /** The next block's text: commands with the ports of `nodes`, output as it is shown. */
  next(language: 'sh' | 'text'): string {
    const block = this.blocks.shift();
    expect(block?.language, 'the next block').toBe(language);
    return language === 'sh' ? this.withPorts(block!.text) : block!.text;
  }

  /** Runs the next commands and compares what they print with the block after them. */
  async same(changed = (commands: string) => commands): Promise<void> {
    const printed = await this.shell(changed(this.next('sh')));
    expectLike(printed, this.next('text'));
  }

  async shell(commands: string): Promise<string> {
    const options = { cwd: this.dir, timeout: COMMANDS_WITHIN_MS };
    return (await run('bash', ['-c', commands], options)).stdout.trimEnd();
  }

  /** Commands that go on, and that can be typed to. */
  type(commands: string): Typing {
    return new Typing(commands, this.dir);
  }

  end(): void {
    expect(this.blocks, 'blocks that were not looked at').toEqual([]);
  }

  private withPorts(text: string): string {
    const at = (url: string) => new URL(url).host;
    const [first] = this.nodes as [TestNode];
    return text
      .replace(/localhost:855(\d)/g, (_, digit) => at(this.nodes[digit - 1]!.management))
      .replace(/localhost:3000/g, at(first.http))
      .replace(/localhost:300(\d)/g, (_, digit) => at(this.nodes[digit - 1]!.http));
  }
}

/** Commands that go on until they are ended. */
export class Typing implements Disposable {
  readonly lines: string[] = [];
  private readonly shell: ChildProcess;

  constructor(commands: string, dir: string) {
    // A process group of its own: a pipe has several processes, and all of them have to end.
    this.shell = spawn('bash', ['-c', commands], { cwd: dir, detached: true });
    createInterface(this.shell.stdout!).on('line', (line) => this.lines.push(line));
  }

  say(line: string): void {
    this.shell.stdin!.write(`${line}\n`);
  }

  async answers(count: number): Promise<readonly string[]> {
    return eventually(
      () => this.lines,
      (lines) => lines.length >= count,
    );
  }

  [Symbol.dispose](): void {
    if (this.shell.exitCode === null) process.kill(-this.shell.pid!);
  }
}

/** Line by line the same, but for what differs from run to run. */
export function expectLike(actual: string, shown: string): void {
  expect(linesOf(actual), `got:\n${actual}\n\nthe README shows:\n${shown}`).toEqual(linesOf(shown));
}

function linesOf(text: string): unknown[] {
  return text
    .replaceAll('}{', '}\n{') // curl ends no line
    .split('\n')
    .map((line) => {
      const [, json = line, rest = ''] = /^(?:data: |\d+\|)?(\{.*\})(.*)$/.exec(line) ?? [];
      return [steady('', parsed(json)), rest.replaceAll(/\d+\.\d+/g, '#')];
    });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function steady(key: string, value: unknown): unknown {
  if (VARIES.has(key)) return typeof value;
  if (Array.isArray(value)) return value.map((entry) => steady('', entry));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, steady(k, v)]));
}

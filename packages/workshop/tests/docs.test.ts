// What the documents show has to be true: examples print what stands below them, quoted messages
// are messages of the code.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8');
const run = promisify(execFile);

const concepts = readdirSync(`${ROOT}docs/concepts`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: read(`docs/concepts/${name}`) }));

/** A `ts` block that begins with `// runs`, and the `text` block that follows it. */
const RUNS = /```ts\n(\/\/ runs\n[\s\S]*?)```\n(?:(?!```)[\s\S])*?```text\n([\s\S]*?)```/g;

const examples = concepts.flatMap(({ name, text }) => {
  return [...text.matchAll(RUNS)].map(([, code, output]) => ({
    name,
    code: code!,
    output: output!,
  }));
});

describe('the pages on concepts', () => {
  it.each(concepts)('$name has a picture, an example that runs, and three questions', (page) => {
    const { text } = page;
    expect(text.match(/^```mermaid$/gm)).toHaveLength(1);
    expect(text.match(/^<details>/gm)).toHaveLength(3);
    const marked = text.match(/^\/\/ runs$/gm) ?? [];
    expect(marked.length).toBeGreaterThan(0);
    // A marked example without the text block would never be compared with anything.
    expect(examples.filter(({ name }) => name === page.name)).toHaveLength(marked.length);
  });

  it.concurrent.each(examples)('the example of $name prints what it says', async (example) => {
    const { stdout, stderr } = await run(
      process.execPath,
      ['--input-type=module-typescript', '--eval', example.code],
      { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' }, timeout: 20_000 },
    );
    expect({ stdout, stderr }).toEqual({ stdout: example.output, stderr: '' });
  });

  it('have examples that type-check', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docs-examples-'));
    try {
      examples.forEach(({ code }, index) => {
        writeFileSync(join(folder, `example${index}.mts`), code);
      });
      const from = (file: string) => [`${ROOT}packages/actor-ts/src/${file}`];
      const config = {
        extends: `${ROOT}tsconfig.json`,
        compilerOptions: {
          paths: { 'actor-ts': from('index.ts'), 'actor-ts/testkit': from('testkit/index.ts') },
          typeRoots: [`${ROOT}node_modules/@types`],
        },
        include: ['*.mts'],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join(
        createRequire(import.meta.url).resolve('typescript/package.json'),
        '../bin/tsc',
      );
      const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error) => error);
      expect(stdout).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('docs/protocol.md', () => {
  const protocol = read('docs/protocol.md');
  const chat = sources(['solutions/06-cluster-compose/src']).map(read).join('\n');
  const found = (pattern: RegExp, text = chat) => [
    ...new Set([...text.matchAll(pattern)].map(([, name]) => name!)),
  ];
  const errorCodes = chat.match(/type ErrorCode =([^;]+);/)![1];

  it.each([
    ['error code', found(/'([a-z-]+)'/g, errorCodes)],
    ['problem code', found(/Problem\(\s*\d+,\s*'([a-z-]+)'/g)],
    ['close code', found(/(?:end|close)\((\d{4}),/g)],
    ['frame', found(/type: (?:z\.literal\()?'([a-z-]+)'/g)],
    ['HTTP path', found(/\bat\('([^']+)'/g)],
  ])('has every %s of the chat', (_what, names) => {
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !protocol.includes(name))).toEqual([]);
  });

  it('has every management path', () => {
    const routes = read('packages/actor-ts/src/management/managementRoutes.ts');
    const paths = found(/^ {4}'(\/[^']+)'/gm, routes);
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !protocol.includes(`\`${path}\``))).toEqual([]);
  });
});

describe('docs/troubleshooting.md', () => {
  /** Shorter pieces between two values prove nothing. */
  const MIN_PIECE_CHARS = 4;
  const code = sources(['packages', 'solutions', 'tests'])
    .map(read)
    .join('\n')
    // A text that is put together of several lines is one text.
    .replace(/['"`]\s*\+\s*['"`]/g, '');
  const quoted = [...read('docs/troubleshooting.md').matchAll(/^> `(.+)`$/gm)].map(([, m]) => m!);

  it('quotes messages', () => {
    expect(quoted.length).toBeGreaterThan(20);
  });

  // `…` stands for a value; what a colon joins may come from two places.
  it.each(quoted)('quotes what the code says: %s', (message) => {
    const pieces = message.split(/…|: /).filter((piece) => piece.trim().length >= MIN_PIECE_CHARS);
    expect(pieces.length).toBeGreaterThan(0);
    expect(pieces.filter((piece) => !code.includes(piece))).toEqual([]);
  });
});

/** Paths from the top of all TypeScript and JavaScript files that are not this one. */
function sources(folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(`${ROOT}${folder}`, { recursive: true }).map((name) => `${folder}/${name}`),
    )
    .filter((path) => /\.(ts|js)$/.test(path) && !path.includes('node_modules'));
}

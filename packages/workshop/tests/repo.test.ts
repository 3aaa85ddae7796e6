import { execFile } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Step } from '../src/content/Step.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string) => readFileSync(`${ROOT}${file}`, 'utf8');

interface Locked {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

describe('package-lock.json', () => {
  const packages: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages;

  it('names no registry, so that any will do', () => {
    const named = Object.values(packages).filter(({ resolved, link }) => resolved && !link);
    expect(named).toEqual([]);
  });

  it('has every optional package, so that npm ci works on every platform', () => {
    const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !names.has(name));
    expect(missing).toEqual([]);
  });
});

describe("actor-ts's README", () => {
  it('has an example that prints what it says', async () => {
    const [, example] = read('packages/actor-ts/README.md').match(/```ts\n([\s\S]*?)```/)!;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', example!],
      { cwd: ROOT },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '100\n120\n', stderr: '' });
  });
});

describe('the documents', () => {
  const documents = globSync(['*.md', 'docs/**/*.md', '{packages,solutions}/*/*.md'], {
    cwd: ROOT,
  });

  it.each(documents)('%s links only to what is there', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, to]) => to!);
    const missing = links.filter((link) => {
      const { hash, pathname } = new URL(link, `file://${ROOT}${document}`);
      return !existsSync(pathname) || (hash !== '' && !headings(pathname).has(hash));
    });
    expect(missing).toEqual([]);
  });

  it('the list of decisions is complete', () => {
    const list = read('docs/adr/README.md');
    const decisions = readdirSync(`${ROOT}docs/adr`).filter((name) => /^\d{4}-/.test(name));
    expect(decisions.filter((name) => !list.includes(`](${name})`))).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const text = documents.map(read).join('\n');
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
    expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('the hints', () => {
  const names = readdirSync(`${ROOT}solutions`).filter((name) =>
    existsSync(`${ROOT}solutions/${name}/exercises.yaml`),
  );

  it.each(names)('of %s end with all that is to be typed', (name) => {
    const step = Step.read(ROOT, name);
    const untold = step.solutionRegions().filter(({ region }) => {
      const { hints } = step.exercises.find(({ id }) => id === region.id)!;
      return !codeOf(hints.at(-1)!).includes(codeOf(region.lines.join('\n')));
    });
    expect(untold.map(({ file, region }) => `${region.id} ${file}`)).toEqual([]);
  });
});

/** Without its comments, and however its lines are broken. */
function codeOf(text: string): string {
  return text
    .replaceAll(/^\s*(\/\/|\/?\*|#).*$|\s\/\/ .*$/gm, '')
    .replaceAll(/\s+/g, '')
    .replaceAll(/,(?=[)\]}])/g, '');
}

/** The headings of a document as links name them. */
function headings(path: string): Set<string> {
  const lines = readFileSync(path, 'utf8').match(/^#+ .*$/gm) ?? [];
  return new Set(
    lines.map((line) => {
      const text = line.replace(/^#+ /, '').toLowerCase();
      return `#${text.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')}`;
    }),
  );
}

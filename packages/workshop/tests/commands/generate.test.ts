import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const FILE = 'steps/01-numbers/src/arithmetic.ts';

describe('npm run generate', () => {
  it('puts a TODO and the starter in the place of each region, and keeps the rest', async () => {
    using small = new SmallWorkshop();
    expect(await small.run('generate')).toBe(0);
    expect(small.read(FILE)).toBe(`// Arithmetic, for the tests of the workshop.

export function add(one: number, other: number): number {
  // #region 1.1
  // TODO 1.1 Add two numbers
  // Return the sum of both numbers.
  // A second line that is so long that it has to be wrapped before it can stand in a file of a
  // hundred columns.
  throw todo('1.1', 'add two numbers');
  // #endregion 1.1
}

export class Sum {
  total = 0;

  put(value: number): void {
    // #region 1.2
    // TODO 1.2 (1 of 2) Keep a total
    // Count up, and down.
    throw todo('1.2', 'count up');
    // #endregion 1.2
  }

  take(value: number): void {
    // #region 1.2
    // TODO 1.2 (2 of 2) Keep a total
    throw todo('1.2', 'count down');
    // #endregion 1.2
  }
}
`);
    expect(small.read('steps/01-numbers/package.json')).toContain('"@steps/01-numbers"');
    expect(small.read('steps/01-numbers/README.md')).toBe('# Numbers\n');
    expect(small.said).toContain('Next: npm run step:1');
  });

  it("leaves the solution's manifest and its own tests out", async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    expect(existsSync(join(small.root, 'steps/01-numbers/exercises.yaml'))).toBe(false);
    expect(existsSync(join(small.root, 'steps/01-numbers/tests'))).toBe(false);
  });

  it('takes over a change of the solution, and removes what is no longer there', async () => {
    using small = new SmallWorkshop();
    small.write('solutions/01-numbers/src/more.ts', '');
    await small.run('generate');
    small.edit('solutions/01-numbers/src/arithmetic.ts', 'for the tests', 'for all tests');
    rmSync(join(small.root, 'solutions/01-numbers/src/more.ts'));
    await small.run('generate');
    expect(small.read(FILE)).toContain('for all tests');
    expect(existsSync(join(small.root, 'steps/01-numbers/src/more.ts'))).toBe(false);
  });

  it("writes over nobody's work", async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    small.solve('1.1');
    expect(await small.run('generate')).toBe(0);
    expect(small.read(FILE)).toContain('return one + other');
    expect(small.said).toContain('has your work in it: left');
  });

  it('with --check fails when a committed step has drifted, and writes nothing', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    commit(small.root);
    expect(await small.run('generate --check')).toBe(0);
    small.edit('solutions/01-numbers/src/main.ts', 'node:http', 'http');
    expect(await small.run('generate --check')).toBe(1);
    expect(small.said).toContain('✗ steps/01-numbers  differs from its solution');
    expect(small.read('steps/01-numbers/src/main.ts')).toContain('node:http');
  });

  it('with --check fails when a step is missing', async () => {
    using small = new SmallWorkshop();
    expect(await small.run('generate --check')).toBe(1);
    expect(small.said).toContain('is missing');
  });

  it('with --check leaves work that is not committed out of it', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    commit(small.root);
    small.solve('1.2');
    expect(await small.run('generate --check')).toBe(0);
    expect(small.said).toContain('has your work in it: not compared');
  });

  it.each([
    ['a region without exercise', '// #region 1.2', '// #region 1.3', /region 1\.3/],
    ['fewer regions than starters', '// #region 1.2\n', '// region 1.2\n', /1\.2/],
  ])('tells a broken workshop: %s', async (_what, from, to, message) => {
    using small = new SmallWorkshop();
    small.edit('solutions/01-numbers/src/arithmetic.ts', from, to);
    if (to.includes('1.3')) {
      small.edit('solutions/01-numbers/src/arithmetic.ts', '#endregion 1.2', '#endregion 1.3');
    }
    expect(await small.run('generate')).toBe(3);
    expect(small.said).toContain('BROKEN WORKSHOP');
    expect(small.said).toMatch(message);
  });
});

function commit(cwd: string): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd,
      stdio: 'pipe',
    });
  git('init', '-q');
  git('add', 'steps', 'solutions');
  git('commit', '-q', '-m', 'steps');
}

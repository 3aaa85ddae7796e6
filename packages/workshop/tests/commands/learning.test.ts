// hint, diff, reset and progress: what a learner asks for between two tests.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

const STEP = 'steps/01-numbers/src/arithmetic.ts';

describe('npm run hint:N', () => {
  it('gives one hint more at each call, from general to specific', async () => {
    using small = await generated();
    expect(await small.run('hint 1')).toBe(0);
    expect(small.said).toContain('1.1 Add two numbers');
    expect(small.said).toContain('  1. What does a sum consist of?');
    expect(small.said).not.toContain('plus sign');
    expect(small.said).toContain(`${STEP}:5`);
    expect(small.said).toContain('2 hints left');
    await small.run('hint 1');
    expect(small.said).toContain('  2. Use the plus sign.');
    await small.run('hint 1');
    await small.run('hint 1');
    expect(small.said).toContain('  3. return one + other;');
    expect(small.said).toContain('the last hint; npm run diff:1');
    expect(tooLong(small.said)).toEqual([]);
  });

  it('is about the first exercise that is not solved, and tests where it has to', async () => {
    using small = await generated();
    small.solve('1.1');
    await small.run('hint 1');
    expect(small.said).toContain('Testing step 1');
    expect(small.said).toContain('1.2 Keep a total');
    await small.run('hint 1');
    expect(small.said).not.toContain('Testing step 1');
    expect(small.said).toContain('  2. Both change the total.');
  });

  it('has nothing to say about a solved step', async () => {
    using small = await generated();
    small.solve('1.1');
    small.solve('1.2');
    await small.run('test 1');
    expect(await small.run('hint 1')).toBe(0);
    expect(small.said).toContain('Step 1 is solved');
  });

  it('takes an exercise by its number', async () => {
    using small = await generated();
    await small.run('hint 1 1.2');
    expect(small.said).toContain('There is a field for it.');
    expect(await small.run('hint 1 1.9')).toBe(2);
    expect(small.said).toContain('Step 1 has no exercise 1.9; it has 1.1, 1.2.');
  });
});

describe('npm run diff:N', () => {
  it('shows nothing but the exercises of an untouched step', async () => {
    using small = await generated();
    expect(await small.run('diff 1')).toBe(0);
    const lines = small.said.split('\n');
    expect(lines).toContain(`--- ${STEP}`);
    expect(lines).toContain('+++ solutions/01-numbers/src/arithmetic.ts');
    expect(lines.filter((line) => /^\+(?!\+)/.test(line))).toEqual([
      '+  return one + other;',
      '+    this.total += value;',
      '+    this.total -= value;',
    ]);
    expect(lines.filter((line) => /^-(?!-)/.test(line) && !/TODO|todo\(|\/\/ /.test(line))).toEqual(
      [],
    );
    expect(small.said).not.toContain('package.json');
  });

  it('shows nothing once the solution is copied in', async () => {
    using small = await generated();
    small.write(STEP, small.read('solutions/01-numbers/src/arithmetic.ts'));
    await small.run('diff 1');
    expect(small.said).toContain('step 1 is the same as its solution');
    expect(small.said).not.toContain('+++');
  });

  it('leaves out what the learner changed elsewhere', async () => {
    using small = await generated();
    small.edit(STEP, '// Arithmetic', '// My arithmetic');
    await small.run('diff 1');
    expect(small.said).not.toContain('My arithmetic');
  });

  it('says so when a region is marked no longer', async () => {
    using small = await generated();
    small.edit(STEP, '  // #endregion 1.1\n', '');
    await small.run('diff 1');
    expect(small.said).toContain(`git diff --no-index ${STEP} solutions/`);
  });

  it('says how to get a step that is not there', async () => {
    using small = new SmallWorkshop();
    expect(await small.run('diff 1')).toBe(2);
    expect(small.said).toContain('Next: npm run reset:1');
  });
});

describe('npm run reset:N', () => {
  it("puts the step back and keeps the learner's version", async () => {
    using small = await generated();
    const starter = small.read(STEP);
    small.solve('1.1');
    small.write('steps/01-numbers/src/mine.ts', '// mine\n');
    const solved = small.read(STEP);
    expect(await small.run('reset 1')).toBe(0);
    expect(small.read(STEP)).toBe(starter);
    expect(readdirSync(join(small.root, 'steps/01-numbers/src'))).not.toContain('mine.ts');
    const [kept] = readdirSync(join(small.root, '.workshop/kept'));
    expect(small.said).toContain(`Your version is kept in .workshop/kept/${kept}`);
    expect(small.read(`.workshop/kept/${kept}/src/arithmetic.ts`)).toBe(solved);
    expect(small.read(`.workshop/kept/${kept}/src/mine.ts`)).toBe('// mine\n');
  });

  it('has nothing to do for an untouched step', async () => {
    using small = await generated();
    await small.run('reset 1');
    expect(small.said).toContain('nothing to put back');
    expect(readdirSync(join(small.root, '.workshop'))).not.toContain('kept');
  });
});

describe('npm run progress', () => {
  it('has a line per exercise, and the next thing to do', async () => {
    using small = await generated();
    small.addNodes();
    await small.run('generate');
    expect(await small.run('progress')).toBe(0);
    expect(small.said).toMatch(/· 1\.1 Add two numbers +to do\n.*· 1\.2 Keep a total +to do/);
    expect(small.said).toMatch(/· 2\.1 Start +to do/);
    expect(small.said).toContain('0 of 3 exercises solved.');
    expect(small.said).toContain('Next: npm run test:1');
    small.solve('1.1');
    await small.run('progress');
    expect(small.said).toMatch(/~ 1\.1 Add two numbers +not tested/);
    await small.run('test 1');
    await small.run('progress');
    expect(small.said).toMatch(/✓ 1\.1 Add two numbers +solved/);
    expect(small.said).toContain('1 of 3 exercises solved.');
    expect(tooLong(small.said)).toEqual([]);
  });

  it('trusts no verdict on files that have changed since', async () => {
    using small = await generated();
    small.solve('1.1');
    await small.run('test 1');
    small.edit(STEP, 'one + other', 'one');
    await small.run('progress');
    expect(small.said).toMatch(/~ 1\.1 Add two numbers +not tested/);
  });
});

async function generated(): Promise<SmallWorkshop> {
  const small = new SmallWorkshop();
  await small.run('generate');
  return small;
}

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

const PAGE = 'docs/proof.md';
const WRONG = [
  ['minus', '1.1 gives the sum', 'return one + other;', 'return one - other;'],
  ['times', '1.1 gives the sum', 'return one + other;', 'return one * other;'],
  ['forgets', '1.2 counts up', 'this.total += value;', 'this.total = 0 * value;'],
  ['wrong-way', '1.2 counts down', 'this.total -= value;', 'this.total += value;'],
] as const;

// A dozen runs of vitest, one after the other.
describe('npm run verify', { timeout: 180_000 }, () => {
  it('proves what holds, writes it down, and does not do it again', async () => {
    using small = new SmallWorkshop();
    answer(small);
    answerOtherwise(small);
    expect(await small.run('verify --times 2')).toBe(0);
    expect(small.said).toContain('PROVEN  all of 11 claims');
    expect(tooLong(small.said)).toEqual([]);
    const page = small.read(PAGE);
    expect(page).toContain('| 01-numbers | 1 of 1 | 1 of 1 | – | 3 of 3 | 4 of 4 | 2 of 2 |');
    expect(page).toMatch(/\| solution \| green 2 times in a row \| proven, 2 of 2 \| {2}\|/);
    expect(page).toMatch(/\| starter \|.*\| proven \| 3 tests \|/);
    expect(page).toMatch(/\| region 1\.2-2 \| Keep a total, place 2 of 2 \| proven \| 1\.2 counts/);
    expect(page).toMatch(/\| wrong minus \| It is minus\. \| proven \| 1\.1 gives the sum of two/);
    expect(existsSync(join(small.root, '.workshop/verify/variants'))).toBe(false);

    expect(await small.run('verify --times 2')).toBe(0);
    expect(small.said).toContain('11 claims proven before');
    expect(small.said).not.toContain('✓');
    small.edit('tests/wrong-answers/1/minus.patch', 'one - other', 'one / other');
    expect(await small.run('verify --times 2')).toBe(0);
    expect(small.said.match(/✓.*/g)).toEqual([expect.stringMatching(/✓ 1 {2}wrong minus +\d+ s$/)]);
  });

  it('says what a test does not see, and what is no answer at all', async () => {
    using small = new SmallWorkshop();
    answer(small, 'wrong-way');
    small.edit('tests/01-numbers.test.ts', 'toBe(-3)', 'not.toBe(0)');
    const header = 'What: It is odd.\nKilled by: 1.1 gives';
    const odd = (name: string, to: string) =>
      small.addAnswer('wrong-answers', name, header, 'return one + other;', to);
    odd('no-types', "return 'three';");
    odd('elsewhere', 'return 3;');
    small.edit('tests/wrong-answers/1/elsewhere.patch', '-  return one', '-  return another');
    expect(await small.run('verify --quick --tested')).toBe(1);
    expect(small.said).toMatch(/✓ 1 {2}starter/);
    expect(small.said).not.toContain('1  solution');
    expect(small.said).toMatch(/✗ 1 {2}wrong wrong-way .*\n {4}not rejected by "1\.2 counts down"/);
    expect(small.said).toMatch(/✗ 1 {2}wrong no-types .*\n {4}does not type-check: src\/arith/);
    expect(small.said).toMatch(/✗ 1 {2}wrong elsewhere .*\n {4}tests\/wrong.* does not apply:/);
    expect(small.said).toContain('step 1: 3 wrong answers, 4 are wanted');
    expect(small.said).toContain('step 1: 0 alternatives, 2 are wanted');
    expect(small.said).toContain('NOT PROVEN  3 of 4 claims, 2 shortfalls');
    expect(small.said).toContain('Next: npm run verify');
    expect(existsSync(join(small.root, PAGE))).toBe(false);
    const variants = '.workshop/verify/variants/01-numbers';
    expect(existsSync(join(small.root, variants, 'starter'))).toBe(false);
    const left = `${variants}/wrong-wrong-way/solutions/01-numbers/src/arithmetic.ts`;
    expect(small.read(left)).not.toContain('-=');
  });

  it('does not take for proven what needs a container engine that is not there', async () => {
    using small = new SmallWorkshop();
    small.write('solutions/01-numbers/docker-compose.yml', 'services: {}\n');
    const { PATH } = process.env;
    process.env.PATH = withGitAlone(small);
    try {
      expect(await small.run('verify --quick --tested')).toBe(1);
      expect(small.said).toMatch(/^step 1 runs in containers: left to the full form/);
      expect(small.said).toContain('NOT PROVEN  0 of 0 claims, 2 shortfalls');
      expect(await small.run('verify --quick --tested --step 1')).toBe(1);
    } finally {
      process.env.PATH = PATH;
    }
    for (const name of ['starter', 'solution']) {
      const flaw = new RegExp(`✗ 1 {2}${name} .*\\n {4}not tried: Docker is not installed`);
      expect(small.said).toMatch(flaw);
    }
  });

  it('refuses a flag that it does not know, and a number that is none', async () => {
    using small = new SmallWorkshop();
    expect(await small.run('verify --fast')).toBe(2);
    expect(small.said).toContain('verify takes --step N, --quick');
    expect(await small.run('verify --times often')).toBe(2);
    expect(small.said).toContain('--times takes a whole number from 1 to 9999, got "often"');
  });
});

function answer(small: SmallWorkshop, ...only: readonly string[]): void {
  for (const [name, by, from, to] of WRONG) {
    if (only.length > 0 && !only.includes(name)) continue;
    const header = `What: It is ${name}.\nKilled by: ${by}`;
    small.addAnswer('wrong-answers', name, header, from, to);
  }
}

function answerOtherwise(small: SmallWorkshop): void {
  const right = (name: string, to: string) =>
    small.addAnswer('alternatives', name, `What: ${name}.`, 'return one + other;', to);
  right('the other way round', 'return other + one;');
  right('minus a negative', 'return one - -other;');
}

/** A folder for PATH in which git is, and Docker is not. */
function withGitAlone(small: SmallWorkshop): string {
  const bin = join(small.root, 'bin');
  const folders = process.env.PATH!.split(delimiter);
  const git = folders.map((folder) => join(folder, 'git')).find((file) => existsSync(file))!;
  mkdirSync(bin);
  symlinkSync(git, join(bin, 'git'));
  return bin;
}

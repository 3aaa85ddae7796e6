import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

const STEP = 'steps/01-numbers/src/arithmetic.ts';
const SOLUTION = 'solutions/01-numbers/src/arithmetic.ts';
const TESTS = 'tests/01-numbers.test.ts';

describe('npm run test:N', () => {
  it('says NOT YET of an untouched step: the first exercise, what is expected, where to look', async () => {
    using small = await generated();
    expect(await small.run('test 1')).toBe(1);
    expect(small.said).toMatch(/· 1\.1 Add two numbers +to do/);
    expect(small.said).toContain('NOT YET  0 of 2 exercises solved.');
    expect(small.said).toContain('expected   gives the sum of two numbers');
    expect(small.said.replace(/\s+/g, ' ')).toContain(
      'happened exercise 1.1 is not solved yet: add two numbers (see steps/01-',
    );
    expect(small.said).toContain(`where      ${STEP}:5`);
    expect(small.said).toContain(`test       ${TESTS}:8`);
    expect(small.said).toContain('Next: npm run test:1  once 1.1 is written');
    expect(tooLong(small.said)).toEqual([]);
  });

  it('says SOLVED once every exercise is', async () => {
    using small = await generated();
    small.solve('1.1');
    expect(await small.run('test 1')).toBe(1);
    expect(small.said).toMatch(/✓ 1\.1 Add two numbers +solved/);
    expect(small.said).toMatch(/1\.2 Keep a total +to do/);
    small.solve('1.2');
    expect(await small.run('test 1')).toBe(0);
    expect(small.said).toContain('SOLVED');
    expect(small.said).toContain('Next: npm run diff:1');
  });

  it('shows what a wrong answer did instead', async () => {
    using small = await generated();
    small.edit(STEP, "throw todo('1.1', 'add two numbers');", 'return one * other;');
    expect(await small.run('test 1')).toBe(1);
    expect(small.said).toMatch(/✗ 1\.1 Add two numbers +failing/);
    expect(small.said).toContain('happened   expected 6 to be 5');
  });

  it('keeps what the nodes said', async () => {
    using small = await generated();
    await small.run('test 1');
    expect(small.said).toContain('.workshop/test-1.log');
    expect(small.read('.workshop/test-1.log')).toContain('a word of a node');
  });

  it('says NOT YET of a step that cannot be loaded', async () => {
    using small = await generated();
    small.edit(STEP, 'export class Sum', 'export class {{ Sum');
    expect(await small.run('test 1')).toBe(1);
    expect(small.said).toMatch(/1\.1 Add two numbers +to do/);
    expect(small.said).toMatch(/happened +\S+/);
  });

  it('says NOT YET when a test was skipped', async () => {
    using small = await generated();
    small.solve('1.1');
    small.solve('1.2');
    small.edit(TESTS, "it('1.1", "it.skipIf(process.env.WORKSHOP_TARGET === 'steps')('1.1");
    expect(await small.run('test 1')).toBe(1);
    expect(small.said).toContain('A test that did not run is no pass.');
  });

  it('says BROKEN WORKSHOP when the solution fails as well', async () => {
    using small = await generated();
    await small.run('test 1'); // proves the solution …
    small.edit(SOLUTION, 'one + other', 'one - other'); // … until it changes
    expect(await small.run('test 1')).toBe(3);
    expect(small.said).toContain('BROKEN WORKSHOP');
    expect(small.said).toContain('1.1 gives the sum of two numbers: expected -1 to be 5');
    expect(small.said).toContain('Next: git status');
  });

  it.each([
    ['a test file is gone', (small: SmallWorkshop) => small.write(TESTS, '')],
    ['an exercise has no test', (small: SmallWorkshop) => small.edit(TESTS, "'1.1 ", "'1.2 ")],
    ['a solution has lost a marker', (small: SmallWorkshop) => small.edit(SOLUTION, '#end', 'end')],
  ])('says BROKEN WORKSHOP when %s', async (_what, damage) => {
    using small = await generated();
    damage(small);
    expect(await small.run('test 1')).toBe(3);
    expect(small.said).toContain('BROKEN WORKSHOP');
  });

  it('says INFRA when somebody else holds a port that the tests want', async () => {
    using small = await generated();
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    small.write(
      TESTS,
      `import { createServer } from 'node:http';
import { once } from 'node:events';
import { it } from 'vitest';
it('1.1 listens', async () => {
  await once(createServer().listen(${port}, '127.0.0.1'), 'listening');
});
`,
    );
    expect(await small.run('test 1')).toBe(2);
    server.close();
    expect(small.said).toMatch(new RegExp(`INFRA[\\s\\S]*Port ${port} is taken`));
    expect(small.said).toContain('Next: npm run doctor');
  });

  it('says INFRA when containers are demanded and no engine answers', async () => {
    using small = await generated();
    const PATH = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      expect(await small.run('test 1 --containers')).toBe(2);
    } finally {
      process.env.PATH = PATH;
    }
    expect(small.said).toContain('Docker is not installed');
  });

  it('refuses a flag that it does not know', async () => {
    using small = await generated();
    expect(await small.run('test 1 --contianers')).toBe(2);
    expect(small.said).toContain('takes --containers or --processes, got "--contianers"');
  });

  it('ends with the vitest that it started', async () => {
    using small = await generated();
    small.edit(TESTS, 'expect(add(2, 3)).toBe(5);', 'await new Promise(() => {});');
    small.edit(TESTS, "numbers', () =>", "numbers', { timeout: 0 }, async () =>");
    small.edit(TESTS, 'import {', "console.log('begun');\nimport {");
    const ctrlC = new AbortController();
    setTimeout(() => ctrlC.abort(), 1_500);
    expect(await small.run('test 1', { signal: ctrlC.signal })).toBe(130);
    expect(small.said).toContain('Stopped before there was a verdict');
  });

  it('asks for a step that there is', async () => {
    using small = await generated();
    expect(await small.run('test 7')).toBe(2);
    expect(small.said).toContain('There is no step 7. There is 1.');
  });
});

async function generated(): Promise<SmallWorkshop> {
  const small = new SmallWorkshop();
  await small.run('generate');
  return small;
}

// `npm test`, once it is the workshop's: in a process of its own, since vitest speaks to the terminal.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SmallWorkshop, tooLong } from '../fixtures/SmallWorkshop.ts';

const SCRIPT = fileURLToPath(new URL('../fixtures/runSmall.ts', import.meta.url));
const STEP = 'steps/01-numbers/src/arithmetic.ts';

describe('npm test', () => {
  it('passes on a fresh clone: the solution is tested, the step listed as to do', async () => {
    using small = await generated();
    const { code, said } = await testAll(small);
    expect(code).toBe(0);
    expect(said).toMatch(/3 passed/);
    expect(said).toMatch(/· 1 Numbers +to do/);
    expect(said).toContain('Next: npm run test:1');
    expect(tooLong(said.slice(said.indexOf('The steps')))).toEqual([]);
  });

  it('passes while exercises that nobody has begun fail in a step that somebody has', async () => {
    using small = await generated();
    small.solve('1.1');
    const { code, said } = await testAll(small);
    expect(code).toBe(0);
    expect(said).toMatch(/· 1 Numbers +1 of 2 solved/);
  });

  it('fails when an exercise that somebody has begun fails', async () => {
    using small = await generated();
    small.edit(STEP, "throw todo('1.1', 'add two numbers');", 'return one;');
    const { code, said } = await testAll(small);
    expect(code).toBe(1);
    expect(said).toMatch(/✗ 1 Numbers +0 of 2 solved/);
  });

  it('lists a solved step as such', async () => {
    using small = await generated();
    small.solve('1.1');
    small.solve('1.2');
    const { code, said } = await testAll(small);
    expect(code).toBe(0);
    expect(said).toMatch(/✓ 1 Numbers +solved/);
  });

  it('fails when a solution does', async () => {
    using small = await generated();
    small.edit('solutions/01-numbers/src/arithmetic.ts', 'one + other', 'one');
    expect((await testAll(small)).code).toBe(1);
  });

  it('hands all flags to vitest', async () => {
    using small = await generated();
    const { said } = await testAll(small, '--reporter=json', '--outputFile.json=all.json');
    expect(said).toContain('all.json');
    expect(JSON.parse(small.read('all.json')).numPassedTests).toBe(3);
  });
});

function testAll(small: SmallWorkshop, ...args: string[]) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$)/.test(name)),
  );
  return new Promise<{ code: number; said: string }>((resolve) => {
    const options = { env: { ...env, NO_COLOR: '1', FORCE_COLOR: undefined } };
    const command = [SCRIPT, small.root, 'test', ...args];
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), said: stdout + stderr });
    });
  });
}

async function generated(): Promise<SmallWorkshop> {
  const small = new SmallWorkshop();
  await small.run('generate');
  return small;
}

import { describe, expect, it } from 'vitest';
import { until } from '../../../actor-ts/src/testkit/until.ts';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const patient = { timeoutMs: 30_000 };

describe('npm run watch:N', () => {
  it('tests at once and at every save, until Ctrl-C', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    const ctrlC = new AbortController();
    const watching = small.run('watch 1', { signal: ctrlC.signal });
    await until(() => small.said.includes('Watching for a save'), patient);
    expect(small.said).toContain('0 of 2 exercises solved');
    small.solve('1.1');
    await until(() => small.said.includes('1 of 2 exercises solved'), patient);
    expect(small.said).toContain('arithmetic.ts was saved');
    small.solve('1.2');
    await until(() => small.said.includes('SOLVED'), patient);
    ctrlC.abort();
    expect(await watching).toBe(0);
  });

  it('ends a run that a save outdates', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    const tests = 'tests/01-numbers.test.ts';
    const before = small.read(tests);
    small.edit(tests, 'expect(add(2, 3)).toBe(5);', 'await new Promise(() => {});');
    small.edit(tests, "numbers', () =>", "numbers', { timeout: 0 }, async () =>");
    const ctrlC = new AbortController();
    const watching = small.run('watch 1', { signal: ctrlC.signal });
    await until(() => small.said.includes('Step 1'), patient);
    small.write(tests, before);
    await until(() => small.said.includes('01-numbers.test.ts was saved'), patient);
    await until(() => small.said.includes('0 of 2 exercises solved'), patient);
    ctrlC.abort();
    expect(await watching).toBe(0);
  });

  it('goes on while a file cannot be loaded, and when it is mended', async () => {
    using small = new SmallWorkshop();
    await small.run('generate');
    const file = 'steps/01-numbers/src/arithmetic.ts';
    small.edit(file, 'export class Sum', 'export class {{');
    const ctrlC = new AbortController();
    const watching = small.run('watch 1', { signal: ctrlC.signal });
    await until(() => small.said.includes('Watching for a save'), patient);
    small.edit(file, 'export class {{', 'export class Sum');
    small.solve('1.1');
    await until(() => small.said.includes('1 of 2 exercises solved'), patient);
    ctrlC.abort();
    await watching;
  });
});

import { describe, expect, it } from 'vitest';
import { claimsOn } from '../../src/verify/Claim.ts';
import { Ledger } from '../../src/verify/Ledger.ts';
import { writeVariant } from '../../src/verify/variants.ts';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const TESTS = 'tests/01-numbers.test.ts';
const RUNTIME = 'packages/actor-ts/src/index.ts';

/** The keys of all claims on step 1, by the claims' names. */
function keys(small: SmallWorkshop, driver = 'processes'): Record<string, string> {
  const { workshop, step, root } = small;
  const ledger = new Ledger(workshop);
  const claims = claimsOn(root, step, null, { isQuick: false, times: 20 });
  return Object.fromEntries(
    claims.map((claim) => {
      expect(writeVariant(root, claim)).toBeNull();
      return [claim.name, ledger.keyOf(claim, driver)];
    }),
  );
}

function changed(small: SmallWorkshop, change: () => void): string[] {
  const before = keys(small);
  change();
  const after = keys(small);
  return Object.keys(after).filter((name) => after[name] !== before[name]);
}

function answered(): SmallWorkshop {
  const small = new SmallWorkshop();
  small.write(RUNTIME, 'export {};\n');
  const header = 'What: It takes away.\nKilled by: 1.1 gives';
  small.addAnswer('wrong-answers', 'minus', header, 'return one + other;', 'return one - other;');
  return small;
}

const ALL = ['starter', 'wrong minus', 'region 1.1', 'region 1.2-1', 'region 1.2-2', 'solution'];

describe('what is proven', () => {
  it('holds while nothing changes that it depends on', () => {
    using small = answered();
    expect(changed(small, () => small.write('README.md', 'Other words.\n'))).toEqual([]);
    expect(Object.keys(keys(small))).toEqual(ALL);
  });

  it.each(['tests/harness/a.ts', RUNTIME, TESTS, 'packages/workshop/src/NodeProcess.ts'])(
    'is to be proven again after a change of %s',
    (file) => {
      using small = answered();
      small.write(file, 'export {};\n');
      expect(changed(small, () => small.write(file, 'export const other = 1;\n'))).toEqual(ALL);
    },
  );

  it('hangs on the harness of containers only where nodes run in them', () => {
    using small = answered();
    const [processes, containers] = [keys(small), keys(small, 'containers')];
    small.write('tests/harness/containers/a.ts', 'export {};\n');
    expect(keys(small)).toEqual(processes);
    expect(Object.values(keys(small, 'containers'))).not.toContain(containers.starter);
  });

  it('outlives a change of what only other variants hold, and of words', () => {
    using small = answered();
    const solution = 'solutions/01-numbers';
    const change = () => {
      small.edit(`${solution}/exercises.yaml`, "'count down'", "'count downwards'");
      small.write(`${solution}/README.md`, '# Other words\n');
    };
    expect(changed(small, change)).toEqual(['starter', 'region 1.2-2']);
  });

  it('is kept with its runs, and forgotten under another key', () => {
    using small = answered();
    const ledger = new Ledger(small.workshop);
    const [claim] = claimsOn(small.root, small.step, null, { isQuick: false, times: 20 });
    const proof = { key: 'a', runs: 3, tookMs: 7, killers: ['1.1 gives'] };
    ledger.write(claim!, proof);
    expect(new Ledger(small.workshop).read(claim!, 'a')).toEqual(proof);
    expect(ledger.read(claim!, 'b').runs).toBe(0);
  });
});

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Claim, claimsOn, needsContainers } from '../../src/verify/Claim.ts';
import { removeVariant, writeVariant } from '../../src/verify/variants.ts';
import { SmallWorkshop } from '../fixtures/SmallWorkshop.ts';

const VARIANTS = '.workshop/verify/variants/01-numbers';

describe('a variant', () => {
  it('is the solution with one place as it is handed out', () => {
    using small = new SmallWorkshop();
    const claim = claimNamed(small, 'region 1.2-2');
    expect(writeVariant(small.root, claim)).toBeNull();
    const text = small.read(`${claim.dir}/src/arithmetic.ts`);
    expect(text).toContain("throw todo('1.2', 'count down');");
    expect(text).toContain('this.total += value;');
    expect(text).toContain('return one + other;');
  });

  it('is the solution with a patch', () => {
    using small = new SmallWorkshop();
    answer(small, 'return one - other;');
    const claim = claimNamed(small, 'wrong minus');
    expect(claim.dir).toBe(`${VARIANTS}/wrong-minus/solutions/01-numbers`);
    expect(writeVariant(small.root, claim)).toBeNull();
    expect(small.read(`${claim.dir}/src/arithmetic.ts`)).toContain('return one - other;');
    removeVariant(small.root, claim);
    expect(existsSync(join(small.root, VARIANTS, 'wrong-minus'))).toBe(false);
  });

  it('cannot be made with a patch that changes nothing, or something else', () => {
    using small = new SmallWorkshop();
    answer(small, 'return one + other;');
    const same = claimNamed(small, 'wrong minus');
    expect(writeVariant(small.root, same)).toMatch(/minus\.patch changes nothing$/);
    answer(small, 'return one - other;');
    small.edit('tests/wrong-answers/1/minus.patch', 'b/solutions/01', 'b/solutions/02');
    expect(() => claimNamed(small, 'wrong minus')).toThrow(/which is not in solutions\/01-numbers/);
  });

  it('of a step that is built as an image has around it what the image is built of', () => {
    using small = new SmallWorkshop();
    small.write('package-lock.json', '{}\n');
    small.write('packages/actor-ts/src/index.ts', 'export {};\n');
    small.write('packages/actor-ts/tests/index.test.ts', 'export {};\n');
    small.write('solutions/01-numbers/docker-compose.yml', 'services: {}\n');
    small.write(
      'solutions/01-numbers/Dockerfile',
      'FROM scratch\n# #region 1.3\nUSER node\n# #endregion 1.3\n',
    );
    small.edit('solutions/01-numbers/exercises.yaml', '      - Both change', EXERCISE);
    expect(needsContainers(small.step)).toBe(true);
    const claim = claimNamed(small, 'region 1.3');
    expect(claim.dir).toBe(`${VARIANTS}/region-1.3/steps/01-numbers`);
    expect(writeVariant(small.root, claim)).toBeNull();
    expect(small.read(`${claim.dir}/Dockerfile`)).toBe(
      'FROM scratch\n# #region 1.3\n# TODO 1.3 Nobody\n# Be nobody.\n# todo\n# #endregion 1.3\n',
    );
    const top = join(small.root, VARIANTS, 'region-1.3');
    expect(existsSync(join(top, 'packages/actor-ts/src/index.ts'))).toBe(true);
    expect(existsSync(join(top, 'packages/actor-ts/tests'))).toBe(false);
    expect(existsSync(join(top, 'package-lock.json'))).toBe(true);
  });
});

const EXERCISE = `      - Both of them
  - id: '1.3'
    title: Nobody
    todo: Be nobody.
    starters: ['# todo']
    hints:
      - Who is it?
      - Both change`;

function claimNamed({ root, step }: SmallWorkshop, name: string): Claim {
  const claims = claimsOn(root, step, null, { isQuick: false, times: 1 });
  return claims.find((claim) => claim.name === name)!;
}

function answer(small: SmallWorkshop, to: string): void {
  const header = 'What: It takes away.\nKilled by: 1.1 gives';
  small.addAnswer('wrong-answers', 'minus', header, 'return one + other;', to);
}

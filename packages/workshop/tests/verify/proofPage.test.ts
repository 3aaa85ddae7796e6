import { describe, expect, it } from 'vitest';
import type { Step } from '../../src/content/Step.ts';
import type { Claim } from '../../src/verify/Claim.ts';
import { proofPage } from '../../src/verify/proofPage.ts';
import type { Result } from '../../src/verify/proveAll.ts';

const step = { number: 3, name: '03-persistence', manifest: { title: 'Persistence' } } as Step;
const options = { date: '2026-11-23', node: 'v24.0.0', shortfalls: [] };

function result(claim: Partial<Claim>, proof: Partial<Result['proof']>, flaws: string[] = []) {
  return {
    claim: { step, kind: 'wrong answer', name: 'wrong a', about: 'It is.', times: 1, ...claim },
    proof: { key: 'k', runs: 1, tookMs: 1600, killers: [], ...proof },
    flaws,
  } as unknown as Result;
}

describe('docs/proof.md', () => {
  it('has a line for each claim, in the order of their kinds', () => {
    const page = proofPage(
      [
        result({}, { killers: ['3.1 a | b', '3.2 c', '3.3 d'] }),
        result(
          { kind: 'solution', name: 'solution', about: 'green 20 times', times: 20 },
          { runs: 20 },
        ),
      ],
      options,
    );
    expect(page).toContain('Written by `npm run verify` on 2026-11-23, with Node v24.0.0.');
    expect(page).toContain('| 03-persistence | 1 of 1 | – | – | – | 1 of 1 | – | 3 |');
    expect(page.slice(page.indexOf('## Step 3: Persistence'))).toContain(
      `| solution | green 20 times | proven, 20 of 20 |  | 2 |
| wrong a | It is. | proven | 3.1 a \\| b (and 2 more) | 2 |`,
    );
  });

  it('says what is not proven, and what is missing', () => {
    const page = proofPage([result({}, { runs: 0 }, ['not rejected by "3.1 a"', 'two\nlines'])], {
      ...options,
      shortfalls: ['step 3: no alternatives'],
    });
    expect(page).toContain('**Missing**\n\n- step 3: no alternatives\n');
    expect(page).toContain('| wrong a | It is. | **not proven** |');
    expect(page).toContain('**wrong a**\n\n- not rejected by "3.1 a"\n- two\n  lines\n');
    expect(page).toContain('| 0 of 1 |');
  });
});

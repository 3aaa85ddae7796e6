import { describe, expect, it } from 'vitest';
import { parsePatch } from '../../src/verify/Patch.ts';

const DIFF = `diff --git a/solutions/03-persistence/src/main.ts b/solutions/03-persistence/src/main.ts
--- a/solutions/03-persistence/src/main.ts
+++ b/solutions/03-persistence/src/main.ts
@@ -1 +1 @@
-What: no field of the header
+What: either
`;
const parse = (header: string, diff = DIFF) =>
  parsePatch(`${header}${diff}`, 'tests/wrong-answers/3/too-early.patch');

describe('the patch of an answer', () => {
  it('says what it is, and which test is to reject it', () => {
    expect(parse('What: The answer comes first.\nKilled by: 3.1 answers only after\n\n')).toEqual({
      name: 'too-early',
      file: 'tests/wrong-answers/3/too-early.patch',
      what: 'The answer comes first.',
      killedBy: '3.1 answers only after',
      changes: ['solutions/03-persistence/src/main.ts'],
    });
  });

  it('may say more, and may wrap its lines', () => {
    const { what, killedBy } = parse(`From a review of many answers.

What: The answer comes first,
  and the journal later.
Some more words.
Killed by: 3.1 answers only
  after
`);
    expect([what, killedBy]).toEqual([
      'The answer comes first, and the journal later.',
      '3.1 answers only after',
    ]);
  });

  it('names nobody when it is right', () => {
    expect(parse('What: become instead of a flag\n').killedBy).toBeNull();
  });

  it.each([
    ['no diff', () => parse('What: x\n', ''), /too-early\.patch has no line that begins with diff/],
    ['no What', () => parse('Killed by: 3.1 a\n'), /does not say "What: "/],
    ['an empty What', () => parse('What:\nKilled by: 3.1 a\n'), /does not say "What: "/],
  ])('is refused with %s', (_what, reading, message) => {
    expect(reading).toThrow(message);
  });
});

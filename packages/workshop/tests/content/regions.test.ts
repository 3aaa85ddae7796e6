import { describe, expect, it } from 'vitest';
import { findRegions, replaceRegions, sameLines } from '../../src/content/regions.ts';

describe('exercise regions', () => {
  it('are found with their indent and lines, in the comments of each language', () => {
    const text = [
      '  // #region 3.1 with a word for the reader',
      '  one',
      '  // #endregion 3.1',
      '# #region 6.2',
      '# #endregion 6.2',
      '<!-- #region 5.1 -->',
      'two',
      '<!-- #endregion 5.1 -->',
      '/* #region 5.2 */',
      '/* #endregion 5.2 */',
    ].join('\n');
    expect(findRegions(text, 'f').map(({ id, indent, lines }) => [id, indent, lines])).toEqual([
      ['3.1', '  ', ['  one']],
      ['6.2', '', []],
      ['5.1', '', ['two']],
      ['5.2', '', []],
    ]);
  });

  it("leave an editor's own regions alone", () => {
    expect(findRegions('// #region helpers\n// #endregion', 'f')).toEqual([]);
  });

  it.each([
    ['never ends', '// #region 1.1', 'f:1: region 1.1 never ends'],
    ['began nowhere', 'x\n// #endregion 1.1', 'f:2: region 1.1 ends here and began nowhere'],
    ['lies in another', '// #region 1.1\n// #region 1.2', 'f:2: region 1.2 begins before'],
  ])('one that %s is refused by line', (_what, text, message) => {
    expect(() => findRegions(text, 'f')).toThrow(message);
  });

  it('are replaced between their markers', () => {
    const text = 'a\n// #region 1.1\nb\nc\n// #endregion 1.1\nd';
    const replaced = replaceRegions(text, findRegions(text, 'f'), ({ id }) => [`new ${id}`]);
    expect(replaced).toBe('a\n// #region 1.1\nnew 1.1\n// #endregion 1.1\nd');
  });

  it('are the same when only space differs', () => {
    expect(sameLines(['  a', '', 'b '], ['a', 'b'])).toBe(true);
    expect(sameLines(['a'], ['a', 'b'])).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/content/manifest.ts';

const exercise = (id: string) =>
  `  - { id: '${id}', title: A, todo: B, starters: ["x();\\n"], hints: [one, two] }\n`;
const manifest = (exercises: string, rest = '') =>
  `step: 3\nname: 03-persistence\ntitle: T\nteaches: U\n${rest}exercises:\n${exercises}`;

describe('a manifest', () => {
  it('has its exercises in order, starters without the last line break', () => {
    const { exercises } = parseManifest(manifest(exercise('3.1') + exercise('3.2')), 'm.yaml');
    expect(exercises.map(({ id }) => id)).toEqual(['3.1', '3.2']);
    expect(exercises[0]!.starters).toEqual(['x();']);
  });

  it.each([
    ['a number out of order', manifest(exercise('3.2')), /exercises\.0\.id: is 3\.2, and 3\.1 is/],
    ['a number of another step', manifest(exercise('2.1')), /exercises\.0\.id/],
    [
      'a number that YAML takes for one',
      manifest(exercise('3.1').replaceAll("'", '')),
      /in quotes/,
    ],
    ['one hint only', manifest(exercise('3.1').replace(', two', '')), /at least 2 hints/],
    ['an unknown field', manifest(exercise('3.1'), 'extra: 1\n'), /extra/],
    ['no exercises', 'step: 3\nname: 03-persistence\ntitle: T\nteaches: U\n', /exercises/],
    ['another folder', manifest(exercise('3.1')).replace('03-p', '04-p'), /begin with 03-/],
    ['no YAML', 'step: [', /m\.yaml is not YAML/],
  ])('with %s is refused by name', (_what, text, message) => {
    expect(() => parseManifest(text, 'm.yaml')).toThrow(message);
  });
});

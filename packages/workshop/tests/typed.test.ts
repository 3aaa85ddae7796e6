import { describe, expect, it } from 'vitest';
import { typedCommand } from '../src/typed.ts';

describe('advice', () => {
  it.each([
    ['step:3', 'npm run step:3'],
    ['solution:6', 'npm run solution:6'],
    ['start', 'npm start'],
    ['test', 'npm start'],
    [undefined, 'npm start'],
  ])('in the script %s is to type %s', (npm_lifecycle_event, expected) => {
    expect(typedCommand({ npm_lifecycle_event })).toBe(expected);
  });
});

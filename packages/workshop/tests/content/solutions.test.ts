// The workshop's own steps: what a learner would stumble over before the first test.
import { describe, expect, it } from 'vitest';
import { Workshop } from '../../src/content/Workshop.ts';

const MAX_LINES_TO_WRITE = 25;
const { steps } = new Workshop();

describe.each(steps.map((step) => [step.name, step] as const))('%s', (_name, step) => {
  const lines = (id: string) =>
    step
      .solutionRegions()
      .filter(({ region }) => region.id === id)
      .flatMap(({ region }) => region.lines);

  it('has a starter for every region', () => {
    expect(step.starter.size).toBeGreaterThan(0);
  });

  it.each(step.exercises)('$id fails by its name', ({ id, starters }) => {
    // In what is not TypeScript, and in an image, there is no `todo`: there it says so in words.
    const names = [`todo('${id}', '`, `exercise ${id} is not solved yet`];
    expect(names.some((name) => starters.join('\n').includes(name))).toBe(true);
  });

  it.each(step.exercises)('$id is at most 25 lines to write', ({ id }) => {
    expect(lines(id).length).toBeLessThanOrEqual(MAX_LINES_TO_WRITE);
  });
});

// `npm run hint:N`: the next hint for the first exercise that is not solved, from general to
// specific. `-- 3.2` asks for another exercise.
import { z } from 'zod';
import { checkStep } from '../check/checkStep.ts';
import { Kept } from '../content/Kept.ts';
import type { Exercise } from '../content/manifest.ts';
import type { Step } from '../content/Step.ts';
import { WorkshopError } from '../errors.ts';
import { indented, plural } from '../text.ts';
import { type Context, EXIT } from './Context.ts';
import { standingsOf } from './progress.ts';

export async function hint(context: Context): Promise<number> {
  const { workshop, args, out } = context;
  const step = workshop.step(args[0]);
  const exercise =
    args[1] === undefined ? await firstUnsolved(step, context) : named(step, args[1]);
  if (exercise === null) {
    out.line(`Step ${step.number} is solved; there is nothing left to hint at.`);
    out.next(`npm run diff:${step.number}`, 'how the solution does it');
    return EXIT.ok;
  }
  const { id, title, hints } = exercise;
  const shown = new Kept(workshop.kept, 'hints.json', z.record(z.string(), z.int()), {});
  const count = Math.min((shown.read()[id] ?? 0) + 1, hints.length);
  shown.update((all) => ({ ...all, [id]: count }));
  out.lines(out.colors.bold(`${id} ${title}`), '');
  for (const [index, text] of hints.slice(0, count).entries()) {
    const number = `${index + 1}.`.padStart(4);
    const isNew = index === count - 1;
    const body = indented(text, 5).trimStart();
    out.line(isNew ? `${number} ${body}` : out.colors.dim(`${number} ${body}`));
  }
  const [place] = step.places(id);
  if (place !== undefined) out.lines('', `     ${out.colors.dim(`${place.file}:${place.line}`)}`);
  const left = hints.length - count;
  if (left > 0) {
    out.next(`npm run test:${step.number}`, `or ask again: ${plural(left, 'hint')} left`);
  } else {
    out.next(
      `npm run test:${step.number}`,
      `the last hint; npm run diff:${step.number} shows it all`,
    );
  }
  return EXIT.ok;
}

/** Runs the tests only where neither the files nor the last check can tell. */
async function firstUnsolved(step: Step, context: Context): Promise<Exercise | null> {
  const { workshop, out, signal, env } = context;
  const first = () => {
    const standings = standingsOf(workshop, step);
    return step.exercises.find(({ id }) => standings.get(id) !== 'solved') ?? null;
  };
  const exercise = first();
  if (exercise === null || standingsOf(workshop, step).get(exercise.id) !== 'changed') {
    return exercise;
  }
  out.line(out.colors.dim(`Testing step ${step.number}, to see where you are …`));
  const verdict = await checkStep(workshop, step, { signal, env });
  if (verdict.kind === 'INFRA' || verdict.kind === 'BROKEN WORKSHOP') {
    throw new WorkshopError(`${verdict.kind}: ${verdict.why}`);
  }
  return first();
}

function named(step: Step, id: string): Exercise {
  const exercise = step.exercises.find((one) => one.id === id);
  if (exercise !== undefined) return exercise;
  const ids = step.exercises.map((one) => one.id).join(', ');
  throw new WorkshopError(`Step ${step.number} has no exercise ${id}; it has ${ids}.`);
}

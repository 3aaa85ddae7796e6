// `npm run progress`: a line per exercise, from what the last checks said; nothing is run.
import type { ExerciseState } from '../check/judge.ts';
import { lastResult } from '../check/results.ts';
import type { Step } from '../content/Step.ts';
import type { Workshop } from '../content/Workshop.ts';
import { WorkshopError } from '../errors.ts';
import { type Context, EXIT } from './Context.ts';

/** As `ExerciseState`; `changed`: worked on, and not tested as it is now. */
export type Standing = Extract<ExerciseState, 'solved' | 'failing' | 'to do'> | 'changed';

export function progress({ workshop, out }: Context): number {
  if (workshop.steps.length === 0) throw new WorkshopError('No solution has an exercises.yaml.');
  const { bold, dim, green, red, yellow } = out.colors;
  const marks = { solved: green('✓'), failing: red('✗'), changed: yellow('~'), 'to do': dim('·') };
  const words = {
    solved: green('solved'),
    failing: 'not yet',
    changed: 'not tested',
    'to do': 'to do',
  };
  let total = 0;
  let solved = 0;
  let next: Step | null = null;
  for (const step of workshop.steps) {
    const standings = standingsOf(workshop, step);
    out.line(bold(`${step.number}  ${step.manifest.title}`));
    for (const { id, title } of step.exercises) {
      const standing = standings.get(id)!;
      out.line(`   ${marks[standing]} ${`${id} ${title}`.padEnd(58)} ${words[standing]}`);
      total++;
      if (standing === 'solved') solved++;
      else next ??= step;
    }
  }
  out.lines('', `${solved} of ${total} exercises solved.`);
  if (next === null) out.next('npm start', 'the finished chat; you have built all of it');
  else out.next(`npm run test:${next.number}`, `step ${next.number}, ${next.manifest.title}`);
  return EXIT.ok;
}

export function standingsOf(workshop: Workshop, step: Step): Map<string, Standing> {
  const touched = step.touched();
  const result = lastResult(workshop, step);
  return new Map(
    step.exercises.map(({ id }) => {
      if (result?.[id] === true) return [id, 'solved'];
      if (!touched.has(id)) return [id, 'to do'];
      return [id, result === null ? 'changed' : 'failing'];
    }),
  );
}

// A test of one exercise. A learner solves them in order, so it asks for nothing that a later one
// adds: where a later exercise answers by its name, the test has seen all that can be seen yet.
import { expect, test } from 'vitest';
import type { Answer } from './Login.ts';

/** An exercise after the tested one stands in the way: no verdict on the tested one. */
export class LaterExercise extends Error {}

/** Checks an answer's status; the failure says what the answer said. @returns its body */
export type Solved = (answer: Answer, ...statuses: number[]) => any;

/** `id` is the exercise, such as '3.1'; `title` says what should hold. */
export function exercise(
  id: string,
  title: string,
  body: (solved: Solved) => Promise<void>,
  timeoutMs = 60_000,
): void {
  const solved: Solved = (answer, ...statuses) => {
    const why = answer.body?.detail ?? JSON.stringify(answer.body);
    if (answer.status === 501) unlessLater(id, why);
    if (!statuses.includes(answer.status)) expect(answer.status, why).toBe(statuses[0]);
    return answer.body;
  };
  const asFarAsItGoes = async () => {
    try {
      await body(solved);
    } catch (error) {
      if (!(error instanceof LaterExercise)) throw error;
    }
  };
  test(`${id} ${title}`, asFarAsItGoes, timeoutMs);
}

/** @throws LaterExercise when `said` names an unsolved exercise that comes after `id` */
export function unlessLater(id: string, said: string): void {
  const named = /exercise (\d+\.\d+) is not solved yet/.exec(said)?.[1];
  if (named !== undefined && orderOf(named) > orderOf(id)) throw new LaterExercise(said);
}

function orderOf(id: string): number {
  const [step, exercise] = id.split('.').map(Number);
  return step! * 100 + exercise!;
}

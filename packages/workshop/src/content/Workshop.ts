// Where everything lies: the steps, their solutions and tests, and what the commands keep.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrokenWorkshopError, WorkshopError } from '../errors.ts';
import { Step } from './Step.ts';

const HERE = fileURLToPath(new URL('../../../..', import.meta.url));

export class Workshop {
  readonly root: string;
  #steps: readonly Step[] | null = null;

  constructor(root = HERE) {
    this.root = root;
  }

  /** What the commands keep between runs; ignored by git. */
  get kept(): string {
    return join(this.root, '.workshop');
  }

  /**
   * All steps, first to last.
   * @throws BrokenWorkshopError when a manifest cannot be read
   */
  get steps(): readonly Step[] {
    this.#steps ??= this.#readSteps();
    return this.#steps;
  }

  /** @throws WorkshopError when `argument` names no step */
  step(argument: string | undefined): Step {
    const step = this.steps.find(({ number, name }) => {
      return argument === name || (/^\d+$/.test(argument ?? '') && Number(argument) === number);
    });
    if (step !== undefined) return step;
    const numbers = this.steps.map(({ number }) => number);
    const range = numbers.length === 0 ? 'none yet' : numbers.join(', ');
    const asked = argument === undefined ? 'Which step?' : `There is no step ${argument}.`;
    throw new WorkshopError(`${asked} There is ${range}.`);
  }

  #readSteps(): Step[] {
    const solutions = join(this.root, 'solutions');
    if (!existsSync(solutions)) throw new BrokenWorkshopError(`${solutions} is not there`);
    const names = readdirSync(solutions).filter((name) =>
      existsSync(join(solutions, name, 'exercises.yaml')),
    );
    return names.sort().map((name) => Step.read(this.root, name));
  }
}

// What a person can mend: shown as text, without a stack, and the command ends with code 2.

export class WorkshopError extends Error {
  override readonly name: string = 'WorkshopError';
}

/** The workshop itself is damaged, not the learner's work: the command ends with code 3. */
export class BrokenWorkshopError extends WorkshopError {
  override readonly name: string = 'BrokenWorkshopError';
}

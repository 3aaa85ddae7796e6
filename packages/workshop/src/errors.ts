// What a person can mend: shown as text, without a stack, and the command ends with code 2.

export class WorkshopError extends Error {
  override readonly name = 'WorkshopError';
}

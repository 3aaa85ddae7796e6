// Which classes keep their prototype when an instance travels to another node. Plain data needs no
// registration; an unregistered class arrives as its bare fields.

import { ActorStateError } from '../errors.ts';
import { None, Some } from '../option.ts';

export type MessageClass = abstract new (...args: never[]) => object;

export interface RegisteredClass {
  readonly name: string;
  readonly type: MessageClass;
  /** What the constructor takes, for a class that is made again by it; null when all fields travel. */
  readonly parameters: readonly string[] | null;
}

const byName = new Map<string, RegisteredClass>();
const byClass = new Map<unknown, RegisteredClass>();

/**
 * Registers `type` under `name`, which must be the same on every node. The fields travel, the
 * constructor does not run on arrival. Registering the same pair again does nothing.
 * @throws ActorStateError when the name or the class is registered otherwise
 */
export function registerClass(name: string, type: MessageClass): void {
  register({ name, type, parameters: null });
}

/**
 * As `registerClass`, for classes of which many travel: an instance is written as a list, without the
 * names of its fields, and its constructor makes it again. `parameters` are the fields in the order in
 * which the constructor takes them. It must do no more than keep them: they may be anything when they
 * arrive.
 */
export function registerPositional<T extends object>(
  name: string,
  type: new (...args: any[]) => T,
  parameters: readonly (keyof T & string)[],
): void {
  register({ name, type, parameters });
}

function register(added: RegisteredClass): void {
  const { name, type } = added;
  const known = byName.get(name);
  const knownClass = byClass.get(type);
  if (known !== undefined && known === knownClass) return;
  if (known !== undefined || knownClass !== undefined) {
    throw new ActorStateError(
      `registerClass('${name}', ${type.name}): the name belongs to ${known?.type.name ?? 'no class'}, ` +
        `the class has the name '${knownClass?.name ?? 'none'}'; take another name`,
    );
  }
  byName.set(name, added);
  byClass.set(type, added);
}

export function classNamed(name: string): RegisteredClass | undefined {
  return byName.get(name);
}

export function registrationOf(type: unknown): RegisteredClass | undefined {
  return byClass.get(type);
}

registerClass('option.Some', Some);
registerClass('option.None', None);

// Which classes keep their prototype when an instance travels to another node. Plain data needs no
// registration; an unregistered class arrives as its bare fields.

import { ActorStateError } from '../errors.ts';
import { None, Some } from '../option.ts';

export type MessageClass = abstract new (...args: never[]) => object;

const classByName = new Map<string, MessageClass>();
const nameByClass = new Map<unknown, string>();

/**
 * Registers `type` under `name`, which must be the same on every node. The fields travel, the
 * constructor does not run on arrival. Registering the same pair again does nothing.
 * @throws ActorStateError when the name or the class is registered otherwise
 */
export function registerClass(name: string, type: MessageClass): void {
  const known = classByName.get(name);
  const knownName = nameByClass.get(type);
  if (known === type && knownName === name) return;
  if (known !== undefined || knownName !== undefined) {
    throw new ActorStateError(
      `registerClass('${name}', ${type.name}): the name belongs to ${known?.name ?? 'no class'}, ` +
        `the class has the name '${knownName ?? 'none'}'; take another name`,
    );
  }
  classByName.set(name, type);
  nameByClass.set(type, name);
}

export function registeredClass(name: string): MessageClass | undefined {
  return classByName.get(name);
}

export function registeredName(type: unknown): string | undefined {
  return nameByClass.get(type);
}

registerClass('option.Some', Some);
registerClass('option.None', None);

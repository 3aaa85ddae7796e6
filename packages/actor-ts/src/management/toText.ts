// What happens, as JSON that people can read.
import { ActorRef } from '../actor/ActorRef.ts';
import { Address } from '../actor/Address.ts';

export function toText(value: object): string {
  return JSON.stringify(value, readable);
}

/** Refs and addresses as people write them; what JSON cannot hold as text. */
function readable(_key: string, value: unknown): unknown {
  if (value instanceof ActorRef || value instanceof Address) return value.toString();
  if (typeof value === 'bigint') return value.toString();
  return value;
}

// Options are plain objects, checked at once: a bad value throws an OptionsError that names the
// field, what it got and what it takes.
import { inspect } from 'node:util';
import { OptionsError } from './errors.ts';

/** One option's rule: what it takes, in words, and whether a value fits. */
export interface OptionRule {
  readonly takes: string;
  fits(value: unknown): boolean;
}

export function rule(takes: string, fits: (value: unknown) => boolean): OptionRule {
  return { takes, fits };
}

export const isString = rule(
  'a non-empty string',
  (value) => typeof value === 'string' && value !== '',
);
export const isBoolean = rule('true or false', (value) => typeof value === 'boolean');
export const isFunction = rule('a function', (value) => typeof value === 'function');
export const isObject = rule('an object', (value) => typeof value === 'object' && value !== null);
export const isPort = rule('a port number from 0 to 65535', (value) =>
  isIntegerIn(value, 0, 65535),
);

export function isInteger(min: number, max: number = Number.MAX_SAFE_INTEGER): OptionRule {
  return rule(`a whole number from ${min} to ${max}`, (value) => isIntegerIn(value, min, max));
}

export function isDurationMs(min = 1): OptionRule {
  return rule(
    `milliseconds, at least ${min}`,
    (value) => typeof value === 'number' && Number.isFinite(value) && value >= min,
  );
}

export function isListOf(item: OptionRule): OptionRule {
  return rule(`a list, each entry ${item.takes}`, (value) => {
    return Array.isArray(value) && value.every((entry) => item.fits(entry));
  });
}

/**
 * Checks `options` against `rules`. A field that is absent or undefined is fine unless it stands in
 * `required`; a field without a rule is a mistake (most often a typing error) and is refused.
 * @throws OptionsError
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  rules: Record<string, OptionRule>,
  required: readonly (keyof T & string)[] = [],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new OptionsError(`${where}: takes an options object, got ${inspect(options)}`);
  }
  for (const field of required) {
    if (options[field] === undefined) {
      throw new OptionsError(`${where}: \`${field}\` is missing; it takes ${rules[field]?.takes}`);
    }
  }
  for (const [field, value] of Object.entries(options)) {
    const known = rules[field];
    if (known === undefined) {
      const names = Object.keys(rules).join(', ');
      throw new OptionsError(`${where}: there is no option \`${field}\`; there are ${names}`);
    }
    if (value !== undefined && !known.fits(value)) {
      const got = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
      throw new OptionsError(`${where}: \`${field}\` takes ${known.takes}, got ${got}`);
    }
  }
}

function isIntegerIn(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

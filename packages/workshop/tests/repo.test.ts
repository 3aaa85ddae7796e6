import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

interface Locked {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

describe('package-lock.json', () => {
  const packages: Record<string, Locked> = JSON.parse(read('package-lock.json')).packages;

  it('names no registry, so that any will do', () => {
    const named = Object.values(packages).filter(({ resolved, link }) => resolved && !link);
    expect(named).toEqual([]);
  });

  it('has every optional package, so that npm ci works on every platform', () => {
    const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
      .filter((name) => !names.has(name));
    expect(missing).toEqual([]);
  });
});

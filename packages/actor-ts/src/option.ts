// A value that may be absent, without null checks: Some(value) or None.

export abstract class Option<T> {
  abstract readonly isSome: boolean;
  abstract toNullable(): T | null;

  get isNone(): boolean {
    return !this.isSome;
  }

  map<U>(fn: (value: T) => U): Option<U> {
    return this.fold<Option<U>>(
      () => none,
      (value) => some(fn(value)),
    );
  }

  forEach(fn: (value: T) => void): void {
    this.fold(() => undefined, fn);
  }

  exists(predicate: (value: T) => boolean): boolean {
    return this.fold(() => false, predicate);
  }

  getOrElse(fallback: () => T): T {
    return this.fold(fallback, (value) => value);
  }

  abstract fold<U>(ifNone: () => U, ifSome: (value: T) => U): U;
}

export class Some<T> extends Option<T> {
  readonly isSome = true;
  readonly value: T;

  constructor(value: T) {
    super();
    this.value = value;
  }

  fold<U>(_ifNone: () => U, ifSome: (value: T) => U): U {
    return ifSome(this.value);
  }

  toNullable(): T | null {
    return this.value;
  }
}

export class None extends Option<never> {
  readonly isSome = false;

  fold<U>(ifNone: () => U): U {
    return ifNone();
  }

  toNullable(): null {
    return null;
  }
}

export const none: Option<never> = new None();

export function some<T>(value: T): Option<T> {
  return new Some(value);
}

/** `None` for null and undefined, `Some` for everything else. */
export function fromNullable<T>(value: T | null | undefined): Option<T> {
  return value === null || value === undefined ? none : some(value);
}

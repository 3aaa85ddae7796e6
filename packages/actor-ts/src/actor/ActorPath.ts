// The place of an actor in the tree of a system, and which actor at that place is meant.
import type { Address } from './Address.ts';

/**
 * `address` is null for an actor of this very system. `uid` tells apart actors that had the same
 * path one after the other; 0 means whoever is there.
 */
export class ActorPath {
  readonly address: Address | null;
  readonly path: string;
  readonly uid: number;

  constructor(address: Address | null, path: string, uid: number) {
    this.address = address;
    this.path = path;
    this.uid = uid;
  }

  /** The last element: the name its parent knows it by. */
  get name(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }

  child(name: string, uid: number): ActorPath {
    return new ActorPath(this.address, `${this.path === '/' ? '' : this.path}/${name}`, uid);
  }

  equals(other: ActorPath): boolean {
    return (
      this.uid === other.uid &&
      this.path === other.path &&
      (this.address?.toString() ?? null) === (other.address?.toString() ?? null)
    );
  }

  toString(): string {
    return this.address === null
      ? `actor-ts:/${this.path}`
      : `actor-ts://${this.address}${this.path}`;
  }
}

// Where a system can be reached, and which incarnation of it is meant.
import { ActorStateError } from '../errors.ts';

/** `system@host:port`. Compared by value. */
export class Address {
  readonly system: string;
  readonly host: string;
  readonly port: number;
  private readonly text: string;

  constructor(system: string, host: string, port: number) {
    this.system = system;
    this.host = host;
    this.port = port;
    this.text = `${system}@${host}:${port}`;
  }

  /**
   * Reads `system@host:port`, or `host:port` when `defaultSystem` is given.
   * @throws ActorStateError for anything else
   */
  static parse(text: string, defaultSystem?: string): Address {
    const match = /^(?:([^@/\s]+)@)?(\[[0-9a-fA-F:]+\]|[^:@/\s]+):(\d{1,5})$/.exec(text);
    const system = match?.[1] ?? defaultSystem;
    const port = Number(match?.[3]);
    if (match === null || system === undefined || port > 65535) {
      throw new ActorStateError(
        `an address is written system@host:port, got ${JSON.stringify(text)}`,
      );
    }
    return new Address(system, match[2]!, port);
  }

  equals(other: Address): boolean {
    return this.text === other.text;
  }

  toString(): string {
    return this.text;
  }
}

/** An address and the incarnation that lives there: a process restarted on it has another `uid`. */
export interface UniqueAddress {
  readonly address: Address;
  readonly uid: string;
}

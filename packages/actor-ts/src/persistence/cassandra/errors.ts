// What the errors of Cassandra and its driver mean for us. They are told apart by name and code, so
// that the driver need not be loaded for it.
import { JournalError, JournalUnknownError } from '../../errors.ts';

const BAD_CREDENTIALS = 0x0100;
const WRITE_TIMEOUT = 0x1100;
const SYNTAX_ERROR = 0x2000;
const UNAUTHORIZED = 0x2100;
const INVALID = 0x2200;
const CONFIG_ERROR = 0x2300;

/** Cassandra looked at the request and will never do it. */
const REFUSED = new Set([BAD_CREDENTIALS, SYNTAX_ERROR, UNAUTHORIZED, INVALID, CONFIG_ERROR]);

interface DriverError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly writeType?: unknown;
  /** By host, of a NoHostAvailableError. */
  readonly innerErrors?: Record<string, unknown>;
}

/** Whether the request was never sent, because no node could be reached. */
export function isUnreachable(error: unknown): boolean {
  return (error as DriverError | null)?.name === 'NoHostAvailableError' && !isLoginRefused(error);
}

/** Whether the request was turned down, so that trying again is of no use and nothing was done. */
export function isRefused(error: unknown): boolean {
  if (error instanceof JournalError || isLoginRefused(error)) return true;
  const { name, code } = (error ?? {}) as DriverError;
  if (name === 'ResponseError') return REFUSED.has(code as number);
  return isBadOption(error) || error instanceof TypeError;
}

/** Whether Cassandra itself gave a conditional write up, as it does when several contend for long. */
export function isContention(error: unknown): boolean {
  const { name, code, writeType } = (error ?? {}) as DriverError;
  return name === 'ResponseError' && code === WRITE_TIMEOUT && writeType === 'CAS';
}

export function isLoginRefused(error: unknown): boolean {
  return isOrHolds(error, 'AuthenticationError');
}

/** Whether an option has a value that the driver does not take, or that the database does not have. */
export function isBadOption(error: unknown): boolean {
  return isOrHolds(error, 'ArgumentError');
}

/** The driver wraps the errors of single hosts into one. */
function isOrHolds(error: unknown, wanted: string): boolean {
  const { name, innerErrors = {} } = (error ?? {}) as DriverError;
  return name === wanted || Object.values(innerErrors).some((inner) => isOrHolds(inner, wanted));
}

/** The reason that a person can do something with: the driver wraps those of single hosts. */
export function reasonOf(error: unknown): string {
  const { innerErrors = {}, message } = (error ?? {}) as DriverError;
  const [inner] = Object.values(innerErrors);
  return inner === undefined ? String(message ?? error) : reasonOf(inner);
}

/** `error` as a JournalError; nothing was written. `doing` completes "could not …". */
export function toJournalError(error: unknown, doing: string): JournalError {
  if (error instanceof JournalError) return error;
  return new JournalError(`could not ${doing}: ${reasonOf(error)}`, { cause: error });
}

export function unknownOutcome(pid: string, waitedMs: number, cause: unknown): JournalError {
  return new JournalUnknownError(
    `an append to '${pid}' got no answer, and Cassandra could not say within ${waitedMs} ms what ` +
      `became of it: whether it was written is unknown (${reasonOf(cause)})`,
    { cause },
  );
}

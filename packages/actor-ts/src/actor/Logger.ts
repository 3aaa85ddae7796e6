// What the runtime needs of a logger. Any pino logger fits.
import { pino } from 'pino';

export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** A logger that adds `bindings` to every line. */
  child(bindings: Record<string, unknown>): Logger;
}

interface LogMethod {
  (message: string): void;
  (fields: object, message: string): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on standard output. */
export function defaultLogger(system: string, level: LogLevel): Logger {
  return pino({ level, base: { system } });
}

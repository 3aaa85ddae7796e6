// Waiting for what a test then asserts: a wrong answer fails by what it did, not by a time-out.
import { setTimeout as delay } from 'node:timers/promises';

/** Longer than anything takes that works, on a busy machine. */
const WITHIN_MS = 6000;
/**
 * A node that is silent is given up within ten seconds; the rest is for a busy machine. There, a
 * killed container may be silent too: when its address is gone before anybody was refused.
 */
export const GIVEN_UP_WITHIN_MS = 20_000;
const EVERY_MS = 20;

/**
 * The first value of `read` for which `holds`; when there is none in time, the last one.
 * @throws what the last `read` threw
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
  timeoutMs = WITHIN_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const isLast = performance.now() > deadline;
    try {
      const value = await read();
      if (isLast || holds(value)) return value;
    } catch (error) {
      if (isLast) throw error;
    }
    await delay(EVERY_MS);
  }
}

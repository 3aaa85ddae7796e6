// Waiting on a condition instead of sleeping for luck.

/**
 * Resolves with the first truthy value of `condition`, tried every `everyMs`.
 * Errors thrown by `condition` count as "not yet"; the last one is the cause of the time-out.
 * @throws Error after `timeoutMs`, naming `what`
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { what?: string; timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<T>> {
  const { what = 'the condition', timeoutMs = 10_000, everyMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

// Asking again until an answer comes, for commands that may be repeated without harm.
import { type ActorRef, AskTimeoutError, type WithoutReplyTo } from 'actor-ts';

const AGAIN_MS = 400;

/**
 * Asks `target`, and asks again every 400 ms: whoever was asked may have died with the question, and
 * its successor does not know of it. The first answer counts, also one to an earlier question.
 * @throws AskTimeoutError when no answer came within `withinMs`, or once `signal` is aborted
 */
export function askUntil<TRes, TMsg = any>(
  target: ActorRef<TMsg>,
  message: WithoutReplyTo<TMsg>,
  withinMs: number,
  signal?: AbortSignal,
): Promise<TRes> {
  const { promise, resolve, reject } = Promise.withResolvers<TRes>();
  const deadline = performance.now() + withinMs;
  const ask = () => {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || signal?.aborted) {
      reject(new AskTimeoutError(`${target} did not answer within ${withinMs} ms`));
      return;
    }
    // A failed question is no answer; the deadline above decides when it was the last one.
    target.ask<TRes>(message, leftMs).then(resolve, (error) => {
      if (error.code === 'ERR_NOT_IMPLEMENTED') reject(error); // an exercise: no use in asking again
    });
    timer = setTimeout(ask, Math.min(AGAIN_MS, leftMs));
  };
  let timer: NodeJS.Timeout;
  ask();
  return promise.finally(() => clearTimeout(timer));
}

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
  // #region 3.6
  // TODO 3.6 Ask again
  // Ask `target`, and again every AGAIN_MS, until the first answer or until `withinMs` have
  // passed: then reject with an AskTimeoutError. Exercise 3.3 is what makes asking twice harmless.
  return target.ask<TRes>(message, 2000).catch((error) => {
    throw error.code === 'ERR_NOT_IMPLEMENTED' ? error : todo('3.6', 'ask again');
  });
  // #endregion 3.6
}

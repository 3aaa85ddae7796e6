// Phi-accrual failure detector: the longer a heartbeat is overdue, measured by how regularly it came
// before, the higher the suspicion. Hayashibara, Défago, Yared, Katayama: "The φ accrual failure
// detector", SRDS 2004. A history is a value; nothing here reads a clock.

export interface FailureDetectorOptions {
  /** Suspicion from which on a node counts as silent; 8 means one error in 10^8 intervals. Default 8. */
  threshold?: number;
  /** Lower bound of the deviation, so that very regular heartbeats do not make it nervous. Default 100. */
  minStdDeviationMs?: number;
  /** Silence that is always forgiven (garbage collection, a busy machine). Default 2300. */
  acceptablePauseMs?: number;
  /** The interval assumed before there is a history. Default 500. */
  firstHeartbeatEstimateMs?: number;
  /** How many intervals are remembered. Default 200. */
  sampleWindow?: number;
  /** How often heartbeats are sent. Default 300. */
  heartbeatIntervalMs?: number;
}

export type FailureDetectorSettings = Required<FailureDetectorOptions>;

export const defaultFailureDetector: FailureDetectorSettings = {
  threshold: 8,
  minStdDeviationMs: 100,
  acceptablePauseMs: 2300,
  firstHeartbeatEstimateMs: 500,
  sampleWindow: 200,
  heartbeatIntervalMs: 300,
};

/** More deviations than any threshold below 16 asks for. */
const DEVIATIONS_AT_MOST = 9;

export interface HeartbeatHistory {
  readonly intervals: readonly number[];
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly lastAt: number;
}

/** As if the first heartbeat came now, with the estimate and a quarter of it as deviation. */
export function startHistory(settings: FailureDetectorSettings, now: number): HeartbeatHistory {
  const mean = settings.firstHeartbeatEstimateMs;
  const intervals = [mean * 0.75, mean * 1.25];
  return {
    intervals,
    sum: mean * 2,
    sumOfSquares: intervals.reduce((sum, ms) => sum + ms * ms, 0),
    lastAt: now,
  };
}

/** A heartbeat has come. The interval that ends with it counts unless it was a forgiven pause. */
export function withHeartbeat(
  history: HeartbeatHistory,
  settings: FailureDetectorSettings,
  now: number,
): HeartbeatHistory {
  const interval = now - history.lastAt;
  if (interval > settings.acceptablePauseMs) return { ...history, lastAt: now };
  const intervals = [...history.intervals, interval];
  let sum = history.sum + interval;
  let sumOfSquares = history.sumOfSquares + interval * interval;
  while (intervals.length > settings.sampleWindow) {
    const dropped = intervals.shift()!;
    sum -= dropped;
    sumOfSquares -= dropped * dropped;
  }
  return { intervals, sum, sumOfSquares, lastAt: now };
}

/** The same history with its clock set anew: this node itself was stopped and could not listen. */
export function forgiven(history: HeartbeatHistory, now: number): HeartbeatHistory {
  return { ...history, lastAt: now };
}

/** φ = -log10(P(a heartbeat comes later than this)). */
export function phi(
  history: HeartbeatHistory,
  settings: FailureDetectorSettings,
  now: number,
): number {
  const count = history.intervals.length;
  const mean = history.sum / count;
  const variance = Math.max(0, history.sumOfSquares / count - mean * mean);
  const deviation = Math.max(settings.minStdDeviationMs, Math.sqrt(variance));
  const overdue = now - history.lastAt - mean - settings.acceptablePauseMs;
  return -Math.log10(upperTail(overdue / deviation));
}

export function isSilent(
  history: HeartbeatHistory,
  settings: FailureDetectorSettings,
  now: number,
): boolean {
  return phi(history, settings, now) >= settings.threshold;
}

/** How long it takes at most to notice that a node was silent from the first moment, roughly. */
export function noticedAfterMs(settings: FailureDetectorSettings): number {
  const { firstHeartbeatEstimateMs, minStdDeviationMs, acceptablePauseMs } = settings;
  const deviation = Math.max(minStdDeviationMs, firstHeartbeatEstimateMs / 4);
  return acceptablePauseMs + firstHeartbeatEstimateMs + DEVIATIONS_AT_MOST * deviation;
}

/**
 * P(X > z) of the standard normal distribution, by the logistic approximation of Bowling et al.
 * (2009), error below 1.4e-4. Far out, where it falls too steeply, it only makes φ grow faster.
 */
function upperTail(z: number): number {
  const power = z * (1.5976 + 0.07056 * z * z);
  return 1 / (1 + Math.exp(power));
}

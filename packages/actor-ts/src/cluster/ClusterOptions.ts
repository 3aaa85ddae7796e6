// What Cluster.join takes, and the settings that come of it.
import type { Address } from '../actor/Address.ts';
import {
  checkOptions,
  isDurationMs,
  isInteger,
  isListOf,
  isObject,
  isPort,
  isString,
  rule,
} from '../options.ts';
import type { RemotingOptions } from '../remote/Remoting.ts';
import { checkDowning, type DowningStrategy, KeepMajority } from './Downing.ts';
import {
  defaultFailureDetector,
  type FailureDetectorOptions,
  type FailureDetectorSettings,
} from './FailureDetector.ts';
import { parseSeeds } from './seeds.ts';

export interface ClusterOptions extends RemotingOptions {
  /**
   * `system@host:port` or `host:port`. The same list may stand on every node; its first entry founds
   * the cluster when none exists. A name with several addresses stands for a node on each. Without
   * seeds this node founds a cluster at once.
   */
  seeds?: readonly string[];
  roles?: readonly string[];
  failureDetector?: FailureDetectorOptions;
  /** Milliseconds between two rounds of gossip, at least 10; default 200. */
  gossipIntervalMs?: number;
  /** Default: `new KeepMajority()`. */
  downing?: DowningStrategy;
}

export interface CheckedClusterOptions {
  readonly seeds: readonly Address[];
  readonly roles: readonly string[];
  readonly detector: FailureDetectorSettings;
  readonly gossipIntervalMs: number;
  readonly downing: DowningStrategy;
  readonly remoting: RemotingOptions;
}

/** @throws OptionsError */
export function checkClusterOptions(
  system: string,
  options: ClusterOptions,
): CheckedClusterOptions {
  checkOptions(
    'Cluster.join',
    options,
    {
      host: isString,
      bindHost: isString,
      port: isPort,
      seeds: isListOf(isString),
      roles: isListOf(isString),
      failureDetector: isObject,
      gossipIntervalMs: isDurationMs(10),
      downing: isObject,
      // The rest is remoting's, which looks closer.
      maxFrameBytes: isInteger(1),
      secret: isString,
      tls: isObject,
      transport: isObject,
    },
    ['host', 'port'],
  );
  const {
    seeds = [],
    roles = [],
    failureDetector = {},
    gossipIntervalMs = 200,
    downing = new KeepMajority(),
    ...remoting
  } = options;
  checkDowning('Cluster.join', downing);
  return {
    seeds: parseSeeds(seeds, system),
    roles: [...new Set(roles)],
    detector: checkDetector(failureDetector),
    gossipIntervalMs,
    downing,
    remoting,
  };
}

function checkDetector(options: FailureDetectorOptions): FailureDetectorSettings {
  checkOptions('Cluster.join: failureDetector', options, {
    threshold: rule('a number above 0 and below 16', (value) => {
      return typeof value === 'number' && value > 0 && value < 16;
    }),
    minStdDeviationMs: isDurationMs(1),
    acceptablePauseMs: isDurationMs(0),
    firstHeartbeatEstimateMs: isDurationMs(1),
    sampleWindow: isInteger(2, 10_000),
    heartbeatIntervalMs: isDurationMs(10),
  });
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaultFailureDetector, ...Object.fromEntries(given) };
}

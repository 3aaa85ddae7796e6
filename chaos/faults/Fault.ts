// What a fault is: something that begins at a target and can be taken back.
import type { TestCluster } from '../../tests/harness/Driver.ts';
import type { Stage } from '../Stage.ts';

export interface Fault {
  readonly name: string;
  /** The least and the most that it lasts, in milliseconds. Default 8,000 to 12,000. */
  readonly lastsMs?: readonly [number, number];
  /** What it is done to: any node, the default, one that has a room, or everybody. */
  readonly on?: 'node' | 'owner' | 'all';
  /** Whether it may happen while another one does: no node is lost to it. Default false. */
  readonly isBeside?: boolean;
  /** Whether nothing can be acked while it lasts: nobody can write. Default false. */
  readonly isTotal?: boolean;
  /** Whether a run is to have it before others, because it exercises what others may not. */
  readonly isNeeded?: boolean;
  /** Why it cannot happen to this cluster; null when it can. */
  needs(cluster: TestCluster): string | null;
  /** Leads up to it and may take its time, which does not count. */
  prepare?(stage: Stage, target: string): Promise<void>;
  /**
   * Begins it. `target` is a node's name, or `all`.
   * @returns what ends it; it resolves once nothing of it is left
   */
  begin(stage: Stage, target: string): Promise<() => Promise<void>>;
}

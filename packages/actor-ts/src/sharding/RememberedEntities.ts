// Which entities run, kept where a node's death does not take it along, so that the next home of a
// shard can start them again.
import type { Grant } from './messages.ts';

export interface RememberedEntities {
  /** This region hosts the shard from now on. Resolves with the entities that ran before. */
  open(shard: number, grant: Grant): Promise<Iterable<string>>;
  /**
   * Resolves when it is recorded: the entity may show itself then. Null when it is recorded already.
   * What is added or removed in one turn is recorded together.
   */
  add(shard: number, id: string): Promise<void> | null;
  /** Returns at once: a record that stays too long does no harm. */
  remove(shard: number, id: string): void;
  /** Resolves when everything about the shard is written: the next home may open it then. */
  close(shard: number): Promise<void>;
  /** The shard is given up as it is; nothing more is written. */
  abandon(shard: number): void;
  /** The same for all shards at once. */
  abandonAll(): void;
  /** The shards that have entities to start. */
  shards(): Promise<readonly number[]>;
}

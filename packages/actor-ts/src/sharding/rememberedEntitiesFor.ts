// Where entities are remembered: in the journal, unless it is one that dies with the process.
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { InMemoryJournal } from '../persistence/memory/InMemoryJournal.ts';
import { PersistenceExtensionId } from '../persistence/PersistenceExtension.ts';
import { JournaledEntities } from './JournaledEntities.ts';
import type { RememberedEntities } from './RememberedEntities.ts';
import { ReplicatedEntities, type ReplicationPeers } from './ReplicatedEntities.ts';
import type { ShardingSettings } from './ShardingOptions.ts';

export function rememberedEntitiesFor(
  system: ActorSystem,
  { rememberEntities, typeName, numShards }: ShardingSettings,
  peers: ReplicationPeers,
): RememberedEntities | null {
  if (!rememberEntities) return null;
  const { journal } = system.extension(PersistenceExtensionId);
  if (journal instanceof InMemoryJournal) return new ReplicatedEntities(peers);
  return new JournaledEntities(system, journal, typeName, numShards);
}

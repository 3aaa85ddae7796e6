// What the parts of one type of entity on one node share, and what outlives a restart of its region.
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { PersistenceExtensionId } from '../persistence/PersistenceExtension.ts';
import { keyOf } from './membership.ts';
import type { Epoch, NodeKey } from './messages.ts';
import type { ShardingSettings } from './ShardingOptions.ts';
import type { ShardRegion } from './ShardRegion.ts';

export class TypeRuntime {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  readonly settings: ShardingSettings;
  /** The highest epoch that this incarnation of the node has registered with. */
  promised: Epoch | null = null;
  /** The highest term of a coordinator on this node. */
  term = 0;
  /** The present instance, for questions that are answered at once. */
  region: ShardRegion | null = null;
  private uid = '';
  private key: NodeKey = '';

  constructor(system: ActorSystem, cluster: Cluster, settings: ShardingSettings) {
    this.system = system;
    this.cluster = cluster;
    this.settings = settings;
  }

  /** This node in its current incarnation. */
  get self(): NodeKey {
    const { self } = this.cluster;
    if (self.uid !== this.uid) {
      this.uid = self.uid;
      this.key = keyOf(self);
    }
    return this.key;
  }

  get regionName(): string {
    return `sharding-${this.settings.typeName}`;
  }

  get coordinatorName(): string {
    return `${this.regionName}-coordinator`;
  }

  /** Entities of this type live on this node. */
  get hosts(): boolean {
    const { proxy, role } = this.settings;
    return !proxy && (role === undefined || this.hasRole(role));
  }

  /** This node reaches the journal, as far as it knows. */
  get journalAnswers(): boolean {
    return this.system.extension(PersistenceExtensionId).journalAnswers;
  }

  private hasRole(role: string): boolean {
    const { uid } = this.cluster.self;
    return this.cluster.getMembers().some((m) => m.uid === uid && m.roles.includes(role));
  }
}

// The hops of all nodes at one of them, as long as somebody there reads: the extension that has the
// readers, and the actor at /system/management that asks the other nodes for theirs.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { ExtensionId } from '../actor/Extension.ts';
import { Props } from '../actor/Props.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { HopRelayActor, listenersChanged } from './HopRelayActor.ts';
import { NodeInfo } from './relayMessages.ts';

/** Told of the other nodes; of this one the event stream tells. */
export interface HopListener {
  /** A node has said who it is; again when that changes. */
  node(info: NodeInfo): void;
  /** Each hop as JSON. `lost`: hops of that node that were left out, since they were too many. */
  hops(node: string, hops: readonly string[], lost: number): void;
}

export class HopRelay {
  readonly system: ActorSystem;
  /** @internal */
  readonly listeners = new Set<HopListener>();
  private actor: ActorRef | null = null;
  private name: string | null = null;

  constructor(system: ActorSystem) {
    this.system = system;
  }

  /** From now on other nodes can have this one's hops. Again: only gives the node its name. */
  start(cluster: Cluster, nodeName: string | null): void {
    this.name = nodeName;
    const props = Props.create(() => new HopRelayActor(cluster, this));
    this.actor ??= this.system.spawnSystem(props, 'management');
  }

  /** This node, as others are told of it. */
  self(cluster: Cluster): NodeInfo {
    return new NodeInfo(cluster.selfAddress.toString(), this.name, this.system.trace !== null);
  }

  /** @returns ends it */
  listen(listener: HopListener): () => void {
    this.listeners.add(listener);
    this.actor?.tell(listenersChanged);
    return () => {
      this.listeners.delete(listener);
      this.actor?.tell(listenersChanged);
    };
  }
}

export const HopRelayId: ExtensionId<HopRelay> = {
  key: 'hop-relay',
  create: (system) => new HopRelay(system),
};

// The extension that gives a system its mediator.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import type { ExtensionId } from '../actor/Extension.ts';
import { Props } from '../actor/Props.ts';
import type { Cluster } from '../cluster/Cluster.ts';
import { ActorStateError } from '../errors.ts';
import { checkOptions, isDurationMs } from '../options.ts';
import { Mediator } from './Mediator.ts';
import { MediatorState } from './MediatorState.ts';
import type { PubSubStats } from './PubSubStats.ts';

export interface PubSubOptions {
  /** Milliseconds between two comparisons of what the nodes know of each other. Default 1000. */
  digestIntervalMs?: number;
  /**
   * Milliseconds that a SubscribeAck waits at most for nodes that are reachable and do not answer;
   * then it is sent all the same, with a warning in the log. Default 5000.
   */
  ackTimeoutMs?: number;
}

/**
 * Messages by topic to subscribers on all nodes: tell `mediator` a Subscribe or a Publish. At most
 * once; in the order published, per publisher and subscriber.
 */
export class DistributedPubSub {
  private readonly system: ActorSystem;
  private readonly state = new MediatorState();
  private started: { readonly mediator: ActorRef; readonly cluster: Cluster } | null = null;

  constructor(system: ActorSystem) {
    this.system = system;
  }

  /**
   * Starts this node's mediator and returns it; again: returns the one that runs.
   * @throws OptionsError for a bad option
   * @throws ActorStateError when started for another cluster before
   */
  start(cluster: Cluster, options: PubSubOptions = {}): ActorRef {
    checkOptions('DistributedPubSub.start', options, {
      digestIntervalMs: isDurationMs(10),
      ackTimeoutMs: isDurationMs(10),
    });
    if (this.started !== null) {
      if (this.started.cluster === cluster) return this.started.mediator;
      throw new ActorStateError(
        `pub/sub of ${this.system.name} has been started for another cluster`,
      );
    }
    const { digestIntervalMs = 1000, ackTimeoutMs = 5000 } = options;
    const settings = { digestIntervalMs, ackTimeoutMs };
    const props = Props.create(() => new Mediator(cluster, this.state, settings));
    this.started = { mediator: this.system.spawnSystem(props, 'pubsub'), cluster };
    return this.started.mediator;
  }

  /** @throws ActorStateError before `start` */
  get mediator(): ActorRef {
    if (this.started !== null) return this.started.mediator;
    throw new ActorStateError(
      'pub/sub has no mediator yet: call system.extension(DistributedPubSubId).start(cluster) first',
    );
  }

  get isStarted(): boolean {
    return this.started !== null;
  }

  stats(): PubSubStats {
    return this.state.stats();
  }
}

export const DistributedPubSubId: ExtensionId<DistributedPubSub> = {
  key: 'distributed-pubsub',
  create: (system) => new DistributedPubSub(system),
};

// What the relays of the nodes tell each other. All of it may be lost, late or repeated without harm.
import { registerClass } from '../actor/serialization.ts';

/** Somebody at the sender's node reads: send it the hops of your node, until told otherwise. */
export class WatchHops {}

export class UnwatchHops {}

/** What people want to know of a node besides its membership. */
export class NodeInfo {
  /** `system@host:port` */
  readonly address: string;
  /** What the node is called in its logs; null when it has no name of its own. */
  readonly name: string | null;
  /** Whether there are hops at all. */
  readonly tracing: boolean;

  constructor(address: string, name: string | null, tracing: boolean) {
    this.address = address;
    this.name = name;
    this.tracing = tracing;
  }
}

/** Hops of the sender's node, in order. */
export class HopsSeen {
  readonly address: string;
  /** Each as JSON: what a hop's details hold may not be fit to travel. */
  readonly hops: readonly string[];
  /** Hops since the last message that were too many or too large to be sent. */
  readonly lost: number;

  constructor(address: string, hops: readonly string[], lost: number) {
    this.address = address;
    this.hops = hops;
    this.lost = lost;
  }
}

registerClass('management.WatchHops', WatchHops);
registerClass('management.UnwatchHops', UnwatchHops);
registerClass('management.NodeInfo', NodeInfo);
registerClass('management.HopsSeen', HopsSeen);

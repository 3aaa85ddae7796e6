// All that a mediator knows. It outlives a restart of the actor, so that a failure costs no
// subscription.
import type { ActorRef } from '../actor/ActorRef.ts';
import { Announcements } from './Announcements.ts';
import { LocalSubscriptions } from './LocalSubscriptions.ts';
import type { SubscribeAck } from './messages.ts';
import { PeerTable } from './PeerTable.ts';
import { PendingAcks } from './PendingAcks.ts';
import type { PubSubStats } from './PubSubStats.ts';

const maxPendingAcks = 100_000;

export interface AckAndTarget {
  readonly target: ActorRef;
  readonly message: SubscribeAck;
}

export class MediatorState {
  readonly subscriptions = new LocalSubscriptions<ActorRef>();
  readonly announcements = new Announcements();
  readonly peers = new PeerTable();
  readonly pendingAcks = new PendingAcks<AckAndTarget>(maxPendingAcks);
  /** This node is a member that the others have taken in. */
  joined = false;
  readonly counters = { published: 0, delivered: 0, forwarded: 0, unheard: 0 };

  /** The version of our announcements that every node has which an acknowledgement waits for. */
  confirmedVersion(): number {
    return this.joined ? this.peers.confirmedByAll() : -1;
  }

  stats(): PubSubStats {
    return {
      topics: this.subscriptions.topicCount,
      subscriptions: this.subscriptions.subscriptionCount,
      ...this.counters,
    };
  }
}

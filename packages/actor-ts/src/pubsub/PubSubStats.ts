// What the mediator of one node has done so far and holds now; read by the metrics.

export interface PubSubStats {
  /** Topics with a subscriber at this node's mediator. */
  readonly topics: number;
  /** Pairs of topic and subscriber at this node's mediator. */
  readonly subscriptions: number;
  /** Publishes told to this node's mediator. */
  readonly published: number;
  /** Messages given to subscribers by this node's mediator. */
  readonly delivered: number;
  /** Messages sent to other nodes' mediators. */
  readonly forwarded: number;
  /** Publishes that nobody in the cluster wanted. */
  readonly unheard: number;
}

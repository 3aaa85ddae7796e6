// What mediators tell each other. All of it may be lost, late or repeated without harm.
import { registerClass, registerPositional } from '../actor/serialization.ts';
import type { NodeId } from '../cluster/Member.ts';
import type { TopicChange } from './Announcements.ts';

/** One published message on its way to a node with subscribers. */
export class Delivery {
  readonly topic: string;
  readonly message: unknown;

  constructor(topic: string, message: unknown) {
    this.topic = topic;
    this.message = message;
  }
}

/** Base of the messages by which nodes keep each other's topics. */
export abstract class InterestMessage {
  readonly from: NodeId;

  constructor(from: NodeId) {
    this.from = from;
  }
}

/** The sender's topics have changed: from version `base` on, one version per change. */
export class TopicsChanged extends InterestMessage {
  readonly base: number;
  readonly changes: readonly TopicChange[];

  constructor(from: NodeId, base: number, changes: readonly TopicChange[]) {
    super(from);
    this.base = base;
    this.changes = changes;
  }
}

/** All topics of the sender, in `parts` messages of which this is number `part` (from 0). */
export class TopicsState extends InterestMessage {
  readonly version: number;
  readonly part: number;
  readonly parts: number;
  readonly topics: readonly string[];

  constructor(
    from: NodeId,
    version: number,
    part: number,
    parts: number,
    topics: readonly string[],
  ) {
    super(from);
    this.version = version;
    this.part = part;
    this.parts = parts;
    this.topics = topics;
  }
}

/** Asks for TopicsState. */
export class GetTopicsState extends InterestMessage {}

/** The sender stands at `version`; who has another one asks. `confirm`: who has it says so. */
export class TopicsDigest extends InterestMessage {
  readonly version: number;
  readonly confirm: boolean;

  constructor(from: NodeId, version: number, confirm: boolean) {
    super(from);
    this.version = version;
    this.confirm = confirm;
  }
}

/** The sender has version `version` of the incarnation `of`. */
export class TopicsConfirmed extends InterestMessage {
  readonly of: string;
  readonly version: number;

  constructor(from: NodeId, of: string, version: number) {
    super(from);
    this.of = of;
    this.version = version;
  }
}

registerPositional('pubsub.Delivery', Delivery, ['topic', 'message']);
registerClass('pubsub.TopicsChanged', TopicsChanged);
registerClass('pubsub.TopicsState', TopicsState);
registerClass('pubsub.GetTopicsState', GetTopicsState);
registerClass('pubsub.TopicsDigest', TopicsDigest);
registerClass('pubsub.TopicsConfirmed', TopicsConfirmed);

// What an actor tells the mediator, and what it hears from it.
import { ActorRef } from '../actor/ActorRef.ts';
import { registerClass } from '../actor/serialization.ts';
import { OptionsError } from '../errors.ts';

/** Longest topic, in characters. */
export const maxTopicLength = 255;

/**
 * From now on `ref` gets every message published on `topic`, until it unsubscribes or stops.
 * Answered with a SubscribeAck. Subscribing again changes nothing and is answered too.
 */
export class Subscribe {
  readonly topic: string;
  readonly ref: ActorRef;

  /** @throws OptionsError when the topic is not a string of 1 to 255 characters or `ref` is no ActorRef */
  constructor(topic: string, ref: ActorRef) {
    this.topic = checkTopic('Subscribe', topic);
    this.ref = checkRef('Subscribe', ref);
  }
}

/** Ends one subscription. Answered with an UnsubscribeAck, also when there was none. */
export class Unsubscribe {
  readonly topic: string;
  readonly ref: ActorRef;

  /** @throws OptionsError as Subscribe does */
  constructor(topic: string, ref: ActorRef) {
    this.topic = checkTopic('Unsubscribe', topic);
    this.ref = checkRef('Unsubscribe', ref);
  }
}

/** Ends all subscriptions of `ref` at this mediator. Answered with an UnsubscribeAck. */
export class UnsubscribeAll {
  readonly ref: ActorRef;

  /** @throws OptionsError when `ref` is no ActorRef */
  constructor(ref: ActorRef) {
    this.ref = checkRef('UnsubscribeAll', ref);
  }
}

/** Gives `message` to every subscriber of `topic` on every node, each once, at most once. */
export class Publish<T = unknown> {
  readonly topic: string;
  readonly message: T;

  /** @throws OptionsError when the topic is not a string of 1 to 255 characters */
  constructor(topic: string, message: T) {
    this.topic = checkTopic('Publish', topic);
    this.message = message;
  }
}

/**
 * Every reachable node that is up knows of the subscription: what is published from now on, on any
 * of them, arrives. Goes to the sender of the Subscribe, or to its `ref` when nobody sent it.
 */
export class SubscribeAck {
  readonly subscribe: Subscribe;

  constructor(subscribe: Subscribe) {
    this.subscribe = subscribe;
  }
}

/** What this mediator delivers no longer reaches the ref. */
export class UnsubscribeAck {
  readonly unsubscribe: Unsubscribe | UnsubscribeAll;

  constructor(unsubscribe: Unsubscribe | UnsubscribeAll) {
    this.unsubscribe = unsubscribe;
  }
}

/** Asks for the topics that somebody in the cluster wants, as far as this node knows. */
export class GetTopics {}

/** The answer to GetTopics, sorted. */
export class CurrentTopics {
  readonly topics: readonly string[];

  constructor(topics: readonly string[]) {
    this.topics = topics;
  }
}

registerClass('pubsub.Subscribe', Subscribe);
registerClass('pubsub.Unsubscribe', Unsubscribe);
registerClass('pubsub.UnsubscribeAll', UnsubscribeAll);
registerClass('pubsub.Publish', Publish);
registerClass('pubsub.SubscribeAck', SubscribeAck);
registerClass('pubsub.UnsubscribeAck', UnsubscribeAck);
registerClass('pubsub.GetTopics', GetTopics);
registerClass('pubsub.CurrentTopics', CurrentTopics);

function checkTopic(where: string, topic: unknown): string {
  if (typeof topic === 'string' && topic !== '' && topic.length <= maxTopicLength) return topic;
  const got = typeof topic === 'string' ? `${topic.length} characters` : typeof topic;
  throw new OptionsError(
    `${where}: \`topic\` takes a string of 1 to ${maxTopicLength} characters, got ${got}`,
  );
}

function checkRef(where: string, ref: unknown): ActorRef {
  if (ref instanceof ActorRef) return ref;
  throw new OptionsError(`${where}: \`ref\` takes an ActorRef, got ${typeof ref}`);
}

// Who on this mediator wants which topic: topic → subscribers, and back from subscriber to topics.

/** Pure bookkeeping over subscribers known by a key; `S` is an ActorRef outside of tests. */
export class LocalSubscriptions<S> {
  private readonly byTopic = new Map<string, Map<string, S>>();
  private readonly topicsByKey = new Map<string, Set<string>>();
  private pairs = 0;

  /** `firstOfTopic`: the topic had nobody before; `firstOfSubscriber`: this one had no topic before. */
  add(topic: string, key: string, subscriber: S) {
    const subscribers = this.byTopic.get(topic);
    if (subscribers?.has(key)) return { firstOfTopic: false, firstOfSubscriber: false };
    const topics = this.topicsByKey.get(key);
    if (subscribers) subscribers.set(key, subscriber);
    else this.byTopic.set(topic, new Map([[key, subscriber]]));
    if (topics) topics.add(topic);
    else this.topicsByKey.set(key, new Set([topic]));
    this.pairs++;
    return { firstOfTopic: !subscribers, firstOfSubscriber: !topics };
  }

  /** `lastOfTopic`: nobody wants the topic any more; `lastOfSubscriber`: it has no topic any more. */
  remove(topic: string, key: string) {
    const subscribers = this.byTopic.get(topic);
    if (!subscribers?.delete(key)) return { lastOfTopic: false, lastOfSubscriber: false };
    const topics = this.topicsByKey.get(key)!;
    topics.delete(topic);
    if (subscribers.size === 0) this.byTopic.delete(topic);
    if (topics.size === 0) this.topicsByKey.delete(key);
    this.pairs--;
    return { lastOfTopic: subscribers.size === 0, lastOfSubscriber: topics.size === 0 };
  }

  has(topic: string): boolean {
    return this.byTopic.has(topic);
  }

  topicsOf(key: string): readonly string[] {
    return [...(this.topicsByKey.get(key) ?? [])];
  }

  subscribers(topic: string): Iterable<S> {
    return this.byTopic.get(topic)?.values() ?? [];
  }

  topics(): Iterable<string> {
    return this.byTopic.keys();
  }

  get topicCount(): number {
    return this.byTopic.size;
  }

  /** Pairs of topic and subscriber. */
  get subscriptionCount(): number {
    return this.pairs;
  }
}

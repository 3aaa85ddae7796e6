// Publish/subscribe across the cluster.
export { DistributedPubSub, DistributedPubSubId, type PubSubOptions } from './DistributedPubSub.ts';
export {
  CurrentTopics,
  GetTopics,
  maxTopicLength,
  Publish,
  Subscribe,
  SubscribeAck,
  Unsubscribe,
  UnsubscribeAck,
  UnsubscribeAll,
} from './messages.ts';
export type { PubSubStats } from './PubSubStats.ts';

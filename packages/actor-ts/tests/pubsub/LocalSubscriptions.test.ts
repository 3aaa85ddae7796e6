import { expect, test } from 'vitest';
import { LocalSubscriptions } from '../../src/pubsub/LocalSubscriptions.ts';

test('tells the first and the last subscriber of a topic apart from the others', () => {
  const subscriptions = new LocalSubscriptions<string>();
  expect(subscriptions.add('news', 'a', 'A').firstOfTopic).toBe(true);
  expect(subscriptions.add('news', 'b', 'B').firstOfTopic).toBe(false);
  expect(subscriptions.remove('news', 'a').lastOfTopic).toBe(false);
  expect(subscriptions.remove('news', 'b').lastOfTopic).toBe(true);
  expect(subscriptions.topicCount).toBe(0);
});

test('tells the first and the last topic of a subscriber apart from the others', () => {
  const subscriptions = new LocalSubscriptions<string>();
  expect(subscriptions.add('news', 'a', 'A').firstOfSubscriber).toBe(true);
  expect(subscriptions.add('sports', 'a', 'A').firstOfSubscriber).toBe(false);
  expect(subscriptions.remove('news', 'a').lastOfSubscriber).toBe(false);
  expect(subscriptions.remove('sports', 'a').lastOfSubscriber).toBe(true);
});

test('counts a repeated subscription once and ignores the end of one that never was', () => {
  const subscriptions = new LocalSubscriptions<string>();
  subscriptions.add('news', 'a', 'A');
  expect(subscriptions.add('news', 'a', 'A')).toEqual({
    firstOfTopic: false,
    firstOfSubscriber: false,
  });
  expect([...subscriptions.subscribers('news')]).toEqual(['A']);
  expect(subscriptions.subscriptionCount).toBe(1);
  expect(subscriptions.remove('news', 'b')).toEqual({
    lastOfTopic: false,
    lastOfSubscriber: false,
  });
  expect(subscriptions.remove('else', 'a')).toEqual({
    lastOfTopic: false,
    lastOfSubscriber: false,
  });
  expect(subscriptions.topicsOf('a')).toEqual(['news']);
});

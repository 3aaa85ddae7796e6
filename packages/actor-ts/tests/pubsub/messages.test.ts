import { expect, test } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import { Publish, Subscribe, UnsubscribeAll } from '../../src/pubsub/messages.ts';
import { TestKit } from '../../src/testkit/TestKit.ts';

test.each([
  ['empty', ''],
  ['too long', 'x'.repeat(256)],
  ['a number', 7],
  ['missing', undefined],
])('refuses a topic that is %s', async (_what, topic) => {
  await using kit = TestKit.create();
  const { ref } = kit.createTestProbe();
  expect(() => new Publish(topic as string, 'message')).toThrow(OptionsError);
  expect(() => new Subscribe(topic as string, ref)).toThrow(/`topic`.*1 to 255/);
});

test('takes a topic of 255 characters', () => {
  expect(new Publish('x'.repeat(255), 'message').topic).toHaveLength(255);
});

test('refuses a subscriber that is no ref', () => {
  expect(() => new Subscribe('news', {} as never)).toThrow(/`ref` takes an ActorRef/);
  expect(() => new UnsubscribeAll(null as never)).toThrow(OptionsError);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActorRef } from '../../src/actor/ActorRef.ts';
import { Mailbox } from '../../src/actor/Mailbox.ts';

const SENDERS = ['ann', 'bob'].map((name) => ({ name }) as unknown as ActorRef);

test('behaves like a plain list whatever is pushed, put in front and taken', () => {
  const pair = fc.tuple(fc.integer(), fc.constantFrom(null, null, ...SENDERS));
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), pair }),
    fc.record({ do: fc.constant('push' as const), pair }),
    fc.record({ do: fc.constant('unshift' as const), pair }),
    fc.record({ do: fc.constant('shift' as const), pair }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const mailbox = new Mailbox();
      const model: (readonly [number, ActorRef | null])[] = [];
      for (const { do: action, pair } of steps) {
        if (action === 'push') {
          mailbox.push(...pair);
          model.push(pair);
        } else if (action === 'unshift') {
          mailbox.unshift(...pair);
          model.unshift(pair);
        } else if (model.length > 0) {
          expect([mailbox.shift(), mailbox.lastSender]).toEqual(model.shift());
        }
        expect(mailbox.size).toBe(model.length);
      }
    }),
  );
});

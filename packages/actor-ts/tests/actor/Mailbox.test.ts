import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox } from '../../src/actor/Mailbox.ts';

test('behaves like a plain list whatever is pushed, put in front and taken', () => {
  const step = fc.oneof(
    fc.integer().map((value) => ({ do: 'push' as const, value })),
    fc.integer().map((value) => ({ do: 'unshift' as const, value })),
    fc.constant({ do: 'shift' as const, value: 0 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const mailbox = new Mailbox();
      const model: number[] = [];
      for (const { do: action, value } of steps) {
        if (action === 'push') {
          mailbox.push(value, null);
          model.push(value);
        } else if (action === 'unshift') {
          mailbox.unshift(value, null);
          model.unshift(value);
        } else if (model.length > 0) {
          expect(mailbox.shift()).toBe(model.shift());
        }
        expect(mailbox.size).toBe(model.length);
      }
    }),
  );
});

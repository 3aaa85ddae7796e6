// What people saw, compared with the history in the end: everything acknowledged is there, once, and
// in its place.
import type { TestNode } from '../tests/harness/Driver.ts';
import type { GoodClient } from '../tests/harness/GoodClient.ts';
import { fresh, Login } from '../tests/harness/Login.ts';

/** What should never happen and did, a line each. Waits until everybody has seen the last message. */
export async function findFaults(
  people: readonly GoodClient[],
  rooms: readonly string[],
  node: TestNode,
): Promise<string[]> {
  const faults = people.flatMap((person) => person.faults);
  const reader = await Login.as(fresh('reader'), node);
  for (const room of rooms) {
    const history = await reader.allOf(room);
    const ids = new Set(history.map(({ from, id }) => `${from} ${id}`));
    if (ids.size !== history.length) faults.push(`${room} holds a message twice`);
    for (const person of people) {
      for (const [id, ack] of person.acked) {
        if (ack.room === room && history[ack.seq - 1]?.id !== id)
          faults.push(`lost: ${id} in ${room}`);
      }
      await person.caughtUp(room, history.length);
    }
  }
  return faults;
}

// A room whose home is known, for who wants to know what becomes of it.
import type { TestNode } from './Driver.ts';
import { fresh, type Login } from './Login.ts';

/** A new room that runs on `node`, with one message of `user`. */
export async function roomOn(node: TestNode, user: Login): Promise<string> {
  for (;;) {
    const room = fresh('room');
    const { body } = await user.post(room, 'first', 'hello');
    if (body.node === node.name) return room;
  }
}

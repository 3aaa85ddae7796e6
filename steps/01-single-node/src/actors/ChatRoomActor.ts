// One room: numbers its messages and keeps them in memory for as long as it lives.
import { Actor } from 'actor-ts';
import type { ChatMessage, RoomCmd } from '../messages.ts';

/** A text that begins with a slash and means nothing here. */
export class UnknownCommand extends Error {}

export class ChatRoomActor extends Actor<RoomCmd> {
  private readonly node: string;
  private readonly messages: ChatMessage[] = [];

  constructor(node: string) {
    super();
    this.node = node;
  }

  override onReceive(cmd: RoomCmd) {
    if (cmd.kind === 'post') {
      failIfAsked(cmd.text);
      // #region 1.3
      // TODO 1.3 Number the message and keep it
      // Give the message the next number (the first is 1, without gaps), keep it in
      // `this.messages` with the time as ISO 8601, and tell `cmd.replyTo` its `seq` and this
      // `node`.
      cmd.replyTo.tell(todo('1.3', 'number the message, keep it, answer') as never);
      // #endregion 1.3
    }
    if (cmd.kind === 'history') {
      // #region 1.4
      // TODO 1.4 Tell the history
      // Tell `cmd.replyTo` the messages after `since` and before `before`, oldest first, at most
      // `limit`: with `since` the first of them, without it the newest. `head` is the room's last
      // seq, 0 for none.
      cmd.replyTo.tell(todo('1.4', 'answer with the messages that were asked for') as never);
      // #endregion 1.4
    }
  }
}

/** Two ways to fail on purpose, for step 1: what becomes of the room is up to its supervisor. */
function failIfAsked(text: string): void {
  if (text === '/crash') throw new Error('crashed, as asked');
  if (text.startsWith('/')) throw new UnknownCommand(`there is no command ${text}`);
}

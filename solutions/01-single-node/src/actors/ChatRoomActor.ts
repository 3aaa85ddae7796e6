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
      const { from, id, text } = cmd;
      const seq = this.messages.length + 1;
      this.messages.push({ seq, id, from, text, at: new Date().toISOString() });
      cmd.replyTo.tell({ seq, node: this.node });
      // #endregion 1.3
    }
    if (cmd.kind === 'history') {
      // #region 1.4
      const { since, before = Number.POSITIVE_INFINITY, limit } = cmd;
      const asked = this.messages.filter(({ seq }) => seq > (since ?? 0) && seq < before);
      const messages = since === undefined ? asked.slice(-limit) : asked.slice(0, limit);
      cmd.replyTo.tell({ head: this.messages.length, messages });
      // #endregion 1.4
    }
  }
}

/** Two ways to fail on purpose, for step 1: what becomes of the room is up to its supervisor. */
function failIfAsked(text: string): void {
  if (text === '/crash') throw new Error('crashed, as asked');
  if (text.startsWith('/')) throw new UnknownCommand(`there is no command ${text}`);
}

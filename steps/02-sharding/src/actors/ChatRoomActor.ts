// One room: numbers its messages and keeps them in memory for as long as it lives.
import { Actor } from 'actor-ts';
import { type ChatMessage, NEWEST_MESSAGES, type RoomCmd } from '../messages.ts';

export class ChatRoomActor extends Actor<RoomCmd> {
  private readonly node: string;
  private readonly messages: ChatMessage[] = [];

  constructor(node: string) {
    super();
    this.node = node;
  }

  override onReceive(cmd: RoomCmd) {
    if (cmd.kind === 'post') {
      const { from, id, text } = cmd;
      const seq = this.messages.length + 1;
      this.messages.push({ seq, id, from, text, at: new Date().toISOString() });
      cmd.replyTo.tell({ seq, node: this.node });
    }
    if (cmd.kind === 'history') {
      const { since, before = Number.POSITIVE_INFINITY } = cmd;
      const limit = Math.min(cmd.limit, NEWEST_MESSAGES); // what fits into one frame between nodes
      const asked = this.messages.filter(({ seq }) => seq > (since ?? 0) && seq < before);
      const messages = since === undefined ? asked.slice(-limit) : asked.slice(0, limit);
      cmd.replyTo.tell({ head: this.messages.length, messages });
    }
  }
}

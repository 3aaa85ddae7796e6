// One logged-in user: brings what they say to its room.
import { Actor, type ActorRef } from 'actor-ts';
import type { Posted, RoomCmd, SendMessage, SessionMsg } from '../messages.ts';

export class UserSessionActor extends Actor<SessionMsg> {
  private readonly roomRegion: ActorRef<RoomCmd>;
  private readonly userId = this.entityId;

  constructor(roomRegion: ActorRef<RoomCmd>) {
    super();
    this.roomRegion = roomRegion;
  }

  override onReceive(msg: SessionMsg) {
    switch (msg.kind) {
      case 'send-message':
        return this.send(msg);
    }
  }

  /** An Error as the answer fails the question of whoever asked. */
  private send({ room: roomId, id, text, replyTo }: SendMessage) {
    const post = { kind: 'post', roomId, from: this.userId, id, text } as const;
    this.roomRegion.ask<Posted>(post).then(
      (posted) => replyTo.tell(posted),
      (error) => replyTo.tell(error),
    );
  }
}

// One logged-in user: brings what they say to its room.
import { Actor, type ActorRef } from 'actor-ts';
import type { Posted, RoomCmd, SendMessage, SessionMsg } from '../messages.ts';

export class UserSessionActor extends Actor<SessionMsg> {
  private readonly roomRegion: ActorRef<RoomCmd>;
  private readonly userId = this.self.path.name;

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
    // #region 1.2
    // TODO 1.2 Ask the room
    // Ask the room to post the text as this user, and tell `replyTo` what it answers: a Posted, or
    // the Error when the question fails. Do not wait here: the session stays free for its next
    // message.
    replyTo.tell(todo('1.2', 'ask the room and pass its answer on'));
    // #endregion 1.2
  }
}

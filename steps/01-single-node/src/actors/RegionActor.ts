// The parent of all rooms, or of all sessions: one child per id, made when it is first told something.
import { Actor, Directive, decideBy, OneForOneStrategy, type Props } from 'actor-ts';
import { UnknownCommand } from './ChatRoomActor.ts';

export class RegionActor<TMsg> extends Actor<TMsg> {
  private readonly entityProps: Props<TMsg>;
  private readonly extractEntityId: (msg: TMsg) => string;

  constructor(entityProps: Props<TMsg>, extractEntityId: (msg: TMsg) => string) {
    super();
    this.entityProps = entityProps;
    this.extractEntityId = extractEntityId;
  }

  override onReceive(msg: TMsg) {
    // #region 1.1
    // TODO 1.1 One child for each name
    // Find out which room or user the message is for, take the child of that name, spawn it if
    // there is none yet, and tell it the message. One actor per name: nobody else touches its
    // state.
    (msg as any).replyTo.tell(todo('1.1', 'tell the message to the child it is for'));
    // #endregion 1.1
  }

  /** Whoever met a command it does not know is still fine; any other failure costs its state. */
  override supervisorStrategy() {
    // #region 1.5
    // TODO 1.5 Let it crash, and decide what then
    // Decide about a child that failed. After an UnknownCommand it goes on with what it has; after
    // any other error it begins anew, for its state may be wrong. The other children are left
    // alone.
    const decider = () => {
      this.log.error(todo('1.5', 'decide about a child that failed').message);
      return Directive.Escalate;
    };
    return new OneForOneStrategy({ decider });
    // #endregion 1.5
  }
}

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
    const id = this.extractEntityId(msg);
    const entity = this.context.child(id).getOrElse(() => this.context.spawn(this.entityProps, id));
    entity.tell(msg);
    // #endregion 1.1
  }

  /** Whoever met a command it does not know is still fine; any other failure costs its state. */
  override supervisorStrategy() {
    // #region 1.5
    const decider = decideBy([[UnknownCommand, Directive.Resume]], Directive.Restart);
    return new OneForOneStrategy({ decider });
    // #endregion 1.5
  }
}

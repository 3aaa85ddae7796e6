// An actor that writes what waits for it together, as the rooms of the finished chat do.
import { type ActorRef, PersistentActor } from 'actor-ts';

/** Commands of one write. */
const AT_ONCE = 100;

export class BusyRoom<Event> extends PersistentActor<{ replyTo?: ActorRef }, Event, number> {
  readonly persistenceId = 'busy-room';
  private readonly event: Event;
  private readonly onWrite: () => void;

  constructor(event: Event, onWrite: () => void) {
    super();
    this.event = event;
    this.onWrite = onWrite;
  }

  initialState(): number {
    return 0;
  }

  onEvent(count: number): number {
    return count + 1;
  }

  onCommand(_count: number, command: { replyTo?: ActorRef }): void {
    const isAny = (next: { replyTo?: ActorRef }): next is { replyTo?: ActorRef } => next !== null;
    const commands = [command, ...this.takeWaiting(isAny, AT_ONCE - 1)];
    this.onWrite();
    const events = commands.map(() => this.event);
    this.persistAll(events, () => commands.shift()!.replyTo!.tell(this.lastSequenceNr));
  }
}

// Publish/subscribe within one system, by class of event.
import { ActorRef } from './ActorRef.ts';

type EventClass<T> = abstract new (...args: never[]) => T;
type Listener<T> = ActorRef | ((event: T) => void);

export class EventStream {
  private readonly listeners = new Map<EventClass<any>, Set<Listener<any>>>();

  /** Every event that is an instance of `type` goes to `listener`. Returns the way out. */
  subscribe<T>(listener: Listener<T>, type: EventClass<T>): () => void {
    const set = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, set);
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.listeners.get(type) === set) this.listeners.delete(type);
    };
  }

  publish(event: object): void {
    for (const [type, set] of this.listeners) {
      if (!(event instanceof type)) continue;
      for (const listener of set) {
        if (listener instanceof ActorRef) listener.tell(event);
        else listener(event);
      }
    }
  }
}

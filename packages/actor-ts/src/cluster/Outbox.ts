// Collects the effects of one step of the protocol, in order.
import type { ClusterEvent } from './events.ts';
import type { NodeId } from './Member.ts';
import type { ClusterMessage, Effect } from './messages.ts';

export class Outbox {
  private effects: Effect[] = [];

  send(to: string, message: ClusterMessage): void {
    this.effects.push({ type: 'send', to, message });
  }

  publish(...events: readonly ClusterEvent[]): void {
    for (const event of events) this.effects.push({ type: 'publish', event });
  }

  quarantine(node: NodeId): void {
    this.effects.push({ type: 'quarantine', node });
  }

  pardon(node: NodeId): void {
    this.effects.push({ type: 'pardon', node });
  }

  add(type: 'renew' | 'resolve-seeds' | 'left'): void {
    this.effects.push({ type });
  }

  log(level: 'debug' | 'info' | 'warn', message: string, fields?: object): void {
    this.effects.push({ type: 'log', level, message, ...(fields && { fields }) });
  }

  /** What has been collected; the box is empty afterwards. */
  take(): Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }
}

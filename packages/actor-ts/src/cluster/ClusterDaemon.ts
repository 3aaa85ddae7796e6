// The actor at /system/cluster: what other nodes' daemons tell this one.
import { Actor } from '../actor/Actor.ts';
import { type ClusterMessage, isClusterMessage } from './messages.ts';

export const DAEMON_NAME = 'cluster';
export const DAEMON_PATH = `/system/${DAEMON_NAME}`;

export class ClusterDaemon extends Actor<unknown> {
  private readonly deliver: (message: ClusterMessage) => void;
  private readonly stopped: () => void;

  constructor(deliver: (message: ClusterMessage) => void, stopped: () => void) {
    super();
    this.deliver = deliver;
    this.stopped = stopped;
  }

  onReceive(message: unknown): void {
    if (isClusterMessage(message)) this.deliver(message);
    else this.log.warn({ code: 'ERR_DECODE', message }, 'a message that no cluster daemon sends');
  }

  override postStop(): void {
    this.stopped();
  }
}

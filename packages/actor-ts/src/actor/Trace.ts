// Message hops, for people who want to see a message's way. Off unless the system is created with
// `trace`; then each hop of a message that has a correlation id is published on the event stream.
import type { ActorSystem } from './ActorSystem.ts';

export type Hop = 'socket' | 'region-route' | 'entity-receive' | 'persist' | 'publish' | 'deliver';

/** One hop of one message. */
export class TraceHop {
  /** Milliseconds since 1970, by the clock of the node. */
  readonly at: number;
  /** Address of the node, or the system's name while it has none. */
  readonly node: string;
  readonly hop: Hop;
  /** Correlation id: the same in all hops of one message. */
  readonly id: string;
  /** What else there is to say: actor, topic, shard, target, … */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    at: number,
    node: string,
    hop: Hop,
    id: string,
    details: Readonly<Record<string, unknown>>,
  ) {
    this.at = at;
    this.node = node;
    this.hop = hop;
    this.id = id;
    this.details = details;
  }
}

type IdOf = (message: unknown) => string | readonly string[] | undefined;

export interface TraceOptions {
  /**
   * The correlation id of a message, if it has one; several when it carries several messages. Default: its
   * field `id` when that is a string.
   */
  idOf?: IdOf;
}

/** `system.trace`: null when tracing is off, so that `system.trace?.hop(…)` costs one check. */
export class Tracer {
  private readonly system: ActorSystem;
  private readonly idOf: IdOf;

  constructor(system: ActorSystem, options: TraceOptions) {
    this.system = system;
    this.idOf = options.idOf ?? fieldId;
  }

  hop(hop: Hop, message: unknown, details: Readonly<Record<string, unknown>> = {}): void {
    const ids = this.idOf(message);
    if (ids === undefined) return;
    const node = this.system.remote?.selfAddress.toString() ?? this.system.name;
    for (const id of typeof ids === 'string' ? [ids] : ids) {
      this.system.eventStream.publish(new TraceHop(Date.now(), node, hop, id, details));
    }
  }
}

function fieldId(message: unknown): string | undefined {
  const id = (message as { id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : undefined;
}

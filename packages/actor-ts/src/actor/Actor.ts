// The class that users extend: state, and what to do with one message at a time.
import { ActorStateError, DeathPactError } from '../errors.ts';
import { fromNullable, type Option } from '../option.ts';
import type { ActorCell } from './ActorCell.ts';
import type { ActorContext } from './ActorContext.ts';
import type { ActorRef } from './ActorRef.ts';
import type { ActorSystem, ClusterOf } from './ActorSystem.ts';
import type { Logger } from './Logger.ts';
import { Terminated, UnhandledMessage } from './messages.ts';
import { defaultStrategy, type SupervisorStrategy } from './Supervision.ts';

/**
 * The cell whose actor is being constructed. The context is attached before the constructor runs,
 * so that field initialisers may use `this.self`, `this.entityId` and the rest.
 */
let cellUnderConstruction: ActorCell | null = null;

/** @internal Runs `factory` with `cell` as the context of the actor that it makes. */
export function constructActor(cell: ActorCell, factory: () => Actor): Actor {
  const outer = cellUnderConstruction;
  cellUnderConstruction = cell;
  try {
    return factory();
  } finally {
    cellUnderConstruction = outer;
  }
}

export abstract class Actor<TMsg = any> {
  readonly #cell: ActorCell;

  constructor() {
    if (cellUnderConstruction === null) {
      throw new ActorStateError(
        `${new.target.name} was made with \`new\`; let a system or context make it: ` +
          `spawn(Props.create(() => new ${new.target.name}()), 'name')`,
      );
    }
    this.#cell = cellUnderConstruction;
  }

  /** Handles one message. While a returned promise is pending, the following messages wait. */
  abstract onReceive(message: TMsg): void | Promise<void>;

  /** Runs before the first message. */
  preStart(): void | Promise<void> {}

  /** Runs after the last message, once all children have stopped. */
  postStop(): void | Promise<void> {}

  /** Runs on the instance that failed: by default stops all children and calls `postStop`. */
  preRestart(_reason: Error, _message?: unknown): void | Promise<void> {
    for (const child of this.context.children) this.context.stop(child);
    return this.postStop();
  }

  /** Runs on the new instance: by default calls `preStart`. */
  postRestart(_reason: Error): void | Promise<void> {
    return this.preStart();
  }

  /** How this actor decides about its failing children. */
  supervisorStrategy(): SupervisorStrategy {
    return defaultStrategy;
  }

  /** Call it with a message you do not know. An ignored `Terminated` is a DeathPactError. */
  protected unhandled(message: unknown): void {
    if (message instanceof Terminated) {
      throw new DeathPactError(`${this.self} watched ${message.actor}, which has stopped`);
    }
    this.system.eventStream.publish(new UnhandledMessage(message, this.self));
  }

  protected get self(): ActorRef<TMsg> {
    return this.#cell.self;
  }

  /** Who told the message being handled, if they said so. */
  protected get sender(): Option<ActorRef> {
    return fromNullable(this.#cell.currentSender);
  }

  protected get context(): ActorContext {
    return this.#cell;
  }

  protected get system(): ActorSystem {
    return this.#cell.system;
  }

  protected get log(): Logger {
    return this.#cell.log;
  }

  protected get cluster(): Option<ClusterOf> {
    return this.#cell.system.cluster;
  }

  /** The id under which sharding started this entity. @throws ActorStateError outside sharding */
  protected get entityId(): string {
    const { entityId } = this.#cell;
    if (entityId === null) {
      throw new ActorStateError(`${this.self} has no entityId: cluster sharding did not start it`);
    }
    return entityId;
  }
}

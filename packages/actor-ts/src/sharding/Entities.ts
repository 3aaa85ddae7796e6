// The entities that a region runs: starting them, handing them their messages, letting them rest,
// starting them again after a crash, and stopping them when their shard goes.
import type { ActorCell } from '../actor/ActorCell.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import type { ActorSystem } from '../actor/ActorSystem.ts';
import { PoisonPill } from '../actor/messages.ts';
import type { Cancellable } from '../actor/Scheduler.ts';
import { Recency } from './Passivation.ts';
import { Entity, type Shard, type Waiting } from './Shard.ts';
import type { ShardingSettings } from './ShardingOptions.ts';
import type { WaitingRoom } from './WaitingRoom.ts';

/** So many remembered entities are started at a time, with a pause in between. */
const START_BATCH = 20;
const START_PAUSE_MS = 10;
/** An entity whose start cannot be recorded runs all the same, after so long. */
const RECORD_WITHIN_MS = 1000;
const CRASH_PAUSE_MS = 200;
const MAX_CRASH_PAUSE_MS = 10_000;
/** An entity that ran for so long has recovered from its crash. */
const STABLE_MS = 30_000;

/** What the entities need of their region. */
export interface EntitiesOwner {
  /** Sends a message that was waiting on its way again. */
  reroute(shard: Shard, waiting: Waiting): void;
  /** The last entity of a stopping shard has stopped. */
  shardIsEmpty(shard: Shard): void;
  /** Entities of a stopping shard are there still, after the time they had. */
  shardStopsLate(shard: Shard): void;
  /** Resolves when the entity will be remembered; null when it is, or is not to be. */
  entityStarts(shard: Shard, id: string): Promise<void> | null;
  entityForgotten(shard: Shard, id: string): void;
}

export class Entities {
  private readonly owner: EntitiesOwner;
  private readonly cell: ActorCell;
  private readonly system: ActorSystem;
  private readonly settings: ShardingSettings;
  private readonly room: WaitingRoom;
  private readonly byName = new Map<string, Entity>();
  /** Running entities by last use; null when nothing asks for it. */
  private readonly recency: Recency<Entity> | null;
  private readonly toStart: { shard: Shard; id: string }[] = [];
  private startTimer: Cancellable | null = null;

  constructor(
    owner: EntitiesOwner,
    cell: ActorCell,
    settings: ShardingSettings,
    room: WaitingRoom,
  ) {
    this.owner = owner;
    this.cell = cell;
    this.system = cell.system;
    this.settings = settings;
    this.room = room;
    const limited = settings.passivationIdleMs !== null || settings.maxEntities !== null;
    this.recency = limited ? new Recency() : null;
  }

  get size(): number {
    return this.byName.size;
  }

  // ---- messages --------------------------------------------------------------------------------

  deliver(shard: Shard, waiting: Waiting): void {
    const entity = shard.entities.get(waiting.entityId) ?? this.start(shard, waiting.entityId);
    if (entity === null) {
      this.system.deadLetter(waiting.message, waiting.sender, this.cell.self);
    } else if (entity.state !== 'running') {
      this.room.add(entity.waiting, waiting);
    } else {
      this.recency?.touch(entity, this.system.scheduler.now());
      this.tell(entity, waiting);
    }
  }

  private tell(entity: Entity, { message, sender }: Waiting): void {
    const { typeName: type } = this.settings;
    this.system.trace?.hop('entity-receive', message, { type, entity: entity.id });
    let extracted = message;
    try {
      extracted = this.extract(message);
    } catch (error) {
      this.system.log.error({ err: error, type, entity: entity.id }, 'extractEntityMessage failed');
      this.system.deadLetter(message, sender, this.cell.self);
      return;
    }
    entity.ref!.tell(extracted, sender);
  }

  /** The entity can answer an `ask` through the region also when it gets a part of the message. */
  private extract(message: unknown): unknown {
    const { extractEntityMessage } = this.settings;
    if (extractEntityMessage === null) return message;
    const inner = extractEntityMessage(message);
    const replyTo = (message as { replyTo?: unknown }).replyTo;
    if (replyTo === undefined || typeof inner !== 'object' || inner === null) return inner;
    if ('replyTo' in inner) return inner;
    return Object.assign(Object.create(Object.getPrototypeOf(inner)), inner, { replyTo });
  }

  // ---- starting --------------------------------------------------------------------------------

  /** An entity that is to be remembered runs, and can be seen, when its start is recorded. */
  private start(shard: Shard, id: string): Entity | null {
    const entity = new Entity(id, shard);
    shard.entities.set(id, entity);
    const recorded = this.owner.entityStarts(shard, id);
    if (recorded === null) return this.run(entity) ? entity : null;
    entity.timer = this.system.scheduler.schedule(RECORD_WITHIN_MS, () => {
      const { typeName: type } = this.settings;
      this.system.log.warn({ type, entity: id }, 'an entity starts before it will be remembered');
      this.run(entity);
    });
    void recorded.then(() => {
      if (entity.state === 'starting' && shard.entities.get(id) === entity) this.run(entity);
    });
    return entity;
  }

  /** Gives the entity an actor, and what has waited. False when the actor cannot be made. */
  private run(entity: Entity): boolean {
    const isNew = entity.state === 'starting';
    entity.timer?.cancel();
    entity.timer = null;
    if (!this.spawn(entity)) {
      this.remove(entity);
      this.owner.entityForgotten(entity.shard, entity.id);
      for (const { message, sender } of this.room.takeAll(entity.waiting)) {
        this.system.deadLetter(message, sender, this.cell.self);
      }
      return false;
    }
    for (const waiting of this.room.takeAll(entity.waiting)) this.tell(entity, waiting);
    if (isNew) this.makeRoom(entity);
    return true;
  }

  private spawn(entity: Entity): boolean {
    const name = encodeURIComponent(entity.id);
    try {
      entity.ref = this.cell.spawnEntity(this.settings.entityProps!, name, entity.id);
    } catch (error) {
      const { typeName: type } = this.settings;
      this.system.log.error({ err: error, type, entity: entity.id }, 'an entity cannot start');
      return false;
    }
    this.cell.watch(entity.ref);
    this.byName.set(name, entity);
    entity.state = 'running';
    this.recency?.touch(entity, this.system.scheduler.now());
    return true;
  }

  /** Starts entities that ran when the shard was somewhere else, a few at a time. */
  startRemembered(shard: Shard, ids: Iterable<string>): void {
    for (const id of ids) {
      if (!shard.entities.has(id)) this.toStart.push({ shard, id });
    }
    if (this.startTimer === null) this.startBatch();
  }

  private startBatch(): void {
    this.startTimer = null;
    for (const { shard, id } of this.toStart.splice(0, START_BATCH)) {
      const isFull = this.byName.size >= (this.settings.maxEntities ?? Number.POSITIVE_INFINITY);
      if (shard.isHosted && !isFull && !shard.entities.has(id)) this.start(shard, id);
    }
    if (this.toStart.length === 0) return;
    this.startTimer = this.system.scheduler.schedule(START_PAUSE_MS, () => this.startBatch());
  }

  // ---- rest ------------------------------------------------------------------------------------

  /** An entity wants to rest. False when `ref` is none of the running ones. */
  passivate(ref: ActorRef, stopMessage: unknown): boolean {
    const entity = this.byName.get(ref.path.name);
    if (entity?.ref == null || !entity.ref.equals(ref)) return false;
    if (entity.state === 'running') this.rest(entity, stopMessage);
    return true;
  }

  /** Lets those rest that have had no message for too long. */
  restIdle(): void {
    const { passivationIdleMs } = this.settings;
    if (passivationIdleMs === null) return;
    const time = this.system.scheduler.now() - passivationIdleMs;
    for (const entity of this.recency!.unusedSince(time)) this.rest(entity, PoisonPill.instance);
  }

  private makeRoom(newcomer: Entity): void {
    const { maxEntities } = this.settings;
    if (maxEntities === null || this.recency!.size <= maxEntities) return;
    const oldest = this.recency!.oldest();
    if (oldest !== undefined && oldest !== newcomer) this.rest(oldest, PoisonPill.instance);
  }

  private rest(entity: Entity, stopMessage: unknown): void {
    this.recency?.remove(entity);
    entity.timer?.cancel();
    entity.state = 'resting';
    entity.ref!.tell(stopMessage);
    const { handOffTimeoutMs: timeoutMs, typeName: type } = this.settings;
    entity.timer = this.system.scheduler.schedule(timeoutMs, () => {
      this.system.log.warn(
        { type, entity: entity.id, timeoutMs },
        'an entity did not stop in time',
      );
      this.cell.stop(entity.ref!);
    });
  }

  // ---- stops -----------------------------------------------------------------------------------

  terminated(ref: ActorRef): void {
    const entity = this.byName.get(ref.path.name);
    if (entity?.ref == null || !entity.ref.equals(ref)) return;
    const { shard } = entity;
    this.byName.delete(ref.path.name);
    this.recency?.remove(entity);
    entity.timer?.cancel();
    entity.timer = null;
    if (!shard.isHosted) this.goneWithShard(entity);
    else if (entity.state === 'running') this.crashed(entity);
    else if (entity.waiting.length > 0) this.run(entity);
    else if (entity.state === 'stopping' && this.settings.rememberEntities) this.run(entity);
    else {
      this.remove(entity);
      this.owner.entityForgotten(shard, entity.id);
    }
  }

  private goneWithShard(entity: Entity): void {
    const { shard } = entity;
    this.giveBack(entity);
    if (shard.stopping && shard.entities.size === 0) this.owner.shardIsEmpty(shard);
  }

  /** Removes the entity; what waits for it came before everything that waits for its shard. */
  private giveBack(entity: Entity): void {
    const { shard } = entity;
    this.remove(entity);
    if (entity.waiting.length === 0) return;
    const later = this.room.takeAll(shard.waiting);
    const earlier = this.room.takeAll(entity.waiting);
    for (const waiting of [...earlier, ...later]) this.owner.reroute(shard, waiting);
  }

  /** Stopped, but nobody asked it to. A remembered one comes back, each time a little later. */
  private crashed(entity: Entity): void {
    if (!this.settings.rememberEntities) {
      this.remove(entity);
      return;
    }
    entity.state = 'crashed';
    entity.crashes++;
    const pauseMs = Math.min(CRASH_PAUSE_MS * 2 ** (entity.crashes - 1), MAX_CRASH_PAUSE_MS);
    const { typeName: type } = this.settings;
    this.system.log.warn({ type, entity: entity.id, pauseMs }, 'a remembered entity stopped');
    entity.timer = this.system.scheduler.schedule(pauseMs, () => {
      if (!this.run(entity)) return;
      entity.timer = this.system.scheduler.schedule(STABLE_MS, () => {
        entity.crashes = 0;
      });
    });
  }

  private remove(entity: Entity): void {
    entity.timer?.cancel();
    entity.shard.entities.delete(entity.id);
  }

  /** Stops the shard's entities behind the messages they have; then the owner hears of it. */
  stopShard(shard: Shard, timeoutMs: number): void {
    for (const entity of [...shard.entities.values()]) {
      if (entity.state === 'running') entity.ref!.tell(PoisonPill.instance);
      this.leaveShard(entity);
    }
    if (shard.entities.size === 0) {
      this.owner.shardIsEmpty(shard);
      return;
    }
    const { typeName: type } = this.settings;
    const { scheduler, log } = this.system;
    shard.stopTimer = scheduler.scheduleRepeatedly(timeoutMs, timeoutMs, () => {
      const entities = [...shard.entities.keys()].slice(0, 20);
      log.warn({ type, shard: shard.id, entities, timeoutMs }, 'entities did not stop in time');
      for (const { ref } of shard.entities.values()) if (ref !== null) this.cell.stop(ref);
      this.owner.shardStopsLate(shard);
    });
  }

  /** Stops all entities now; what they have in their mailboxes goes to dead letters. */
  stopAll(shards: readonly Shard[]): void {
    this.close(shards);
    for (const shard of shards) {
      for (const entity of [...shard.entities.values()]) {
        if (entity.ref !== null) this.cell.stop(entity.ref);
        this.leaveShard(entity);
      }
    }
  }

  /** Ends all timers. */
  close(shards: readonly Shard[]): void {
    this.startTimer?.cancel();
    this.startTimer = null;
    this.toStart.length = 0;
    for (const { entities } of shards) for (const { timer } of entities.values()) timer?.cancel();
  }

  private leaveShard(entity: Entity): void {
    entity.timer?.cancel();
    entity.timer = null;
    this.recency?.remove(entity);
    if (entity.state === 'starting' || entity.state === 'crashed') this.giveBack(entity);
    else entity.state = 'stopping';
  }
}

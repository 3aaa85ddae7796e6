// The region: the way to all entities of one type from this node, and the home of those whose shards
// the coordinator has given to it.
//
// A message goes to its entity when the shard is here, to the region of the shard's home when that is
// known and answers, and waits otherwise. Nothing is sent to a shard from the begin of its hand-off
// to the word about its next home; that, and the way of the acknowledgement through the old home,
// is what keeps messages in order when a shard moves.
import { Actor } from '../actor/Actor.ts';
import type { ActorCell } from '../actor/ActorCell.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import { Terminated } from '../actor/messages.ts';
import { type ClusterEvent, SelfRemoved, ShardMapChanged } from '../cluster/events.ts';
import { fromNullable } from '../option.ts';
import { CoordinatorLink } from './CoordinatorLink.ts';
import { Entities, type EntitiesOwner } from './Entities.ts';
import { addressOf, viewOf } from './membership.ts';
import {
  compareGrants,
  EntityEnvelope,
  GetShardStats,
  type Grant,
  type HeldShard,
  type HomeChange,
  type NodeKey,
  RegionMessage,
  RelayToCoordinator,
  type ShardStats,
} from './messages.ts';
import { Passivate } from './Passivation.ts';
import { Peers } from './Peers.ts';
import type { RememberedEntities } from './RememberedEntities.ts';
import {
  GetRememberedSets,
  RememberedChanges,
  RememberedSets,
  ReplicatedEntities,
} from './ReplicatedEntities.ts';
import { rememberedEntitiesFor } from './rememberedEntitiesFor.ts';
import { Shard, shardOf, type Waiting } from './Shard.ts';
import type { TypeRuntime } from './TypeRuntime.ts';
import { WaitingRoom } from './WaitingRoom.ts';

/** After so many regions that passed a message on it waits for the coordinator's word. */
const MAX_HOPS = 4;
const TICK_MS = 250;
/** What entities get instead of the time for a hand-off while the journal does not answer. */
const HASTY_STOP_MS = 500;
const MAX_ID_LENGTH = 1024;
const MIN_IDLE_CHECK_MS = 10;
const MAX_IDLE_CHECK_MS = 5000;

class Tick {
  static readonly instance = new Tick();
  readonly kind = 'tick';
}

class CheckIdle {
  static readonly instance = new CheckIdle();
  readonly kind = 'check-idle';
}

export interface HomeView {
  readonly shard: number;
  readonly node: NodeKey;
}

export class ShardRegion extends Actor<unknown> implements EntitiesOwner {
  readonly shards: readonly Shard[];
  private readonly runtime: TypeRuntime;
  private readonly peers: Peers;
  private readonly link: CoordinatorLink;
  private readonly room: WaitingRoom;
  private readonly entities: Entities;
  private readonly remembered: RememberedEntities | null;
  private readonly unsubscribe: (() => void)[] = [];
  /** This node has left the cluster for good. */
  private isOver = false;
  private warnedOfIds = false;

  constructor(runtime: TypeRuntime) {
    super();
    const { settings, system } = runtime;
    this.runtime = runtime;
    this.shards = Array.from({ length: settings.numShards }, (_, id) => new Shard(id));
    this.peers = new Peers(runtime);
    this.link = new CoordinatorLink(runtime, this.peers, this, this.self);
    this.room = new WaitingRoom(system, this.self, settings.typeName, settings.bufferCapacity);
    const cell = this.context as ActorCell;
    this.entities = new Entities(this, cell, settings, this.room);
    this.remembered = settings.proxy ? null : this.rememberedEntities();
  }

  private rememberedEntities(): RememberedEntities | null {
    return rememberedEntitiesFor(this.system, this.runtime.settings, {
      others: () => this.peers.others(),
      self: this.self,
      startLate: (shard, ids) => this.entities.startRemembered(this.shards[shard]!, ids),
    });
  }

  override preStart(): void {
    const { cluster, settings } = this.runtime;
    this.runtime.region = this;
    const { remoting } = cluster;
    this.unsubscribe.push(
      cluster.subscribe((event) => this.onClusterEvent(event)),
      remoting.onLost((address) => this.peers.broken(address.toString())),
      remoting.onConnected(({ address }) => this.onConnected(address.toString())),
    );
    this.context.timers.startTimerWithFixedDelay('tick', Tick.instance, TICK_MS);
    const { passivationIdleMs } = settings;
    if (passivationIdleMs === null) return;
    const everyMs = Math.max(passivationIdleMs / 4, MIN_IDLE_CHECK_MS);
    const delayMs = Math.min(everyMs, MAX_IDLE_CHECK_MS);
    this.context.timers.startTimerWithFixedDelay('idle', CheckIdle.instance, delayMs);
  }

  override postStop(): void {
    for (const end of this.unsubscribe) end();
    if (this.runtime.region === this) this.runtime.region = null;
    for (const { stopTimer } of this.shards) stopTimer?.cancel();
    this.entities.close(this.shards);
    this.remembered?.abandonAll();
    this.link.close();
  }

  onReceive(message: unknown): void {
    if (message instanceof EntityEnvelope) this.onEnvelope(message);
    else if (message instanceof RegionMessage) this.link.receive(message.body);
    else if (message instanceof RelayToCoordinator) this.link.tell(message.body);
    else if (message instanceof Tick) this.onTick();
    else if (message instanceof CheckIdle) this.entities.restIdle();
    else if (message instanceof Terminated) this.entities.terminated(message.actor);
    else if (message instanceof Passivate) this.onPassivate(message);
    else if (message instanceof GetShardStats) this.onGetStats(message);
    else if (message instanceof RememberedChanges) this.replicated?.onChanges(message, this.peer());
    else if (message instanceof RememberedSets) this.replicated?.onSets(message);
    else if (message instanceof GetRememberedSets) this.replicated?.onRequest(message, this.peer());
    else this.onMessage(message);
  }

  // ---- messages for entities -------------------------------------------------------------------

  private onMessage(message: unknown): void {
    const sender = this.sender.toNullable();
    const entityId = this.extractId(message);
    if (entityId === null) {
      this.system.deadLetter(message, sender, this.self);
      return;
    }
    const shard = this.shards[shardOf(entityId, this.shards.length)]!;
    this.send(shard, { entityId, message, sender, hops: 0 });
  }

  private extractId(message: unknown): string | null {
    const { extractEntityId, typeName: type } = this.runtime.settings;
    try {
      const id = extractEntityId(message);
      const isUsable = typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
      if (isUsable && id.isWellFormed()) return id;
      this.complain({ type, got: typeof id === 'string' ? id.slice(0, 100) : id, message });
    } catch (err) {
      this.complain({ type, err, message });
    }
    return null;
  }

  private complain(fields: object): void {
    const text = `extractEntityId did not give an id of 1 to ${MAX_ID_LENGTH} characters`;
    const level = this.warnedOfIds ? 'debug' : 'warn';
    this.warnedOfIds = true;
    this.log[level](fields, `${text}; such messages go to dead letters (said once)`);
  }

  private onEnvelope({ shard: id, entityId, message, hops }: EntityEnvelope): void {
    const shard = this.shards[id];
    const sender = this.sender.toNullable();
    if (shard === undefined) this.system.deadLetter(message, sender, this.self);
    else this.send(shard, { entityId, message, sender, hops });
  }

  /** To the entity, to the shard's home, or into the waiting room. */
  private send(shard: Shard, waiting: Waiting): void {
    // What other regions sent before they heard of a hand-off belongs before it.
    if (shard.isHosted && (!shard.moving || waiting.hops > 0)) {
      this.trace(shard, waiting, this.runtime.self);
      this.entities.deliver(shard, waiting);
    } else if (this.isOver) {
      this.system.deadLetter(waiting.message, waiting.sender, this.self);
    } else if (this.canForward(shard) && waiting.hops < MAX_HOPS) {
      const { entityId, message, sender, hops } = waiting;
      this.trace(shard, waiting, shard.home!);
      const envelope = new EntityEnvelope(shard.id, entityId, message, hops + 1);
      this.peers.region(shard.home!).tell(envelope, sender);
    } else {
      // The next word about the home comes from the coordinator, so the hops begin anew.
      this.room.add(shard.waiting, waiting.hops === 0 ? waiting : { ...waiting, hops: 0 });
      if (shard.waiting.length === 1 && shard.home === null) this.link.askForHomes([shard.id]);
    }
  }

  private canForward({ home, moving }: Shard): boolean {
    return home !== null && !moving && home !== this.runtime.self && !this.peers.isCutOff(home);
  }

  private flush(shard: Shard): void {
    if (shard.waiting.length === 0) return;
    for (const waiting of this.room.takeAll(shard.waiting)) this.send(shard, waiting);
  }

  private trace({ id: shard }: Shard, { entityId: entity, message }: Waiting, node: NodeKey): void {
    const { typeName: type } = this.runtime.settings;
    this.system.trace?.hop('region-route', message, { type, shard, entity, node });
  }

  // ---- the coordinator's word (called by the link) ---------------------------------------------

  held(): HeldShard[] {
    return this.shards
      .filter(({ grant }) => grant !== null)
      .map(({ id, grant, stopping }) => ({ shard: id, grant: grant!, stopping }));
  }

  /** Shards that the coordinator should know to be in use. */
  wanted(): number[] {
    return this.shards
      .filter(({ waiting, home }) => waiting.length > 0 || home !== null)
      .map(({ id }) => id);
  }

  /** Shards for which messages wait and no home is known. */
  homeless(): number[] {
    return this.shards
      .filter(({ waiting, home, moving }) => waiting.length > 0 && (home === null || moving))
      .map(({ id }) => id);
  }

  setAllHomes(homes: readonly HomeChange[]): void {
    const byShard = new Map(homes);
    for (const { id } of this.shards) this.setHome(id, byShard.get(id) ?? null);
  }

  setHome(id: number, home: NodeKey | null): void {
    const shard = this.shards[id];
    if (shard === undefined) return;
    const before = shard.home;
    shard.home = home;
    shard.moving = false;
    if (before !== home) {
      const { typeName } = this.runtime.settings;
      const address = fromNullable(home).map(addressOf);
      this.runtime.cluster.publish(new ShardMapChanged(typeName, String(id), address));
    }
    this.flush(shard);
  }

  /** Returns whether the shard is hosted under this grant now. */
  host(id: number, grant: Grant): boolean {
    const shard = this.shards[id];
    if (shard === undefined || shard.stopping || !this.runtime.hosts) return false;
    const isNew = shard.grant === null;
    if (!isNew && compareGrants(shard.grant!, grant) > 0) return false;
    shard.grant = grant;
    // Before the messages that wait: the entities that they start are to be remembered too.
    if (isNew) this.startRemembered(shard, grant);
    this.setHome(id, this.runtime.self);
    return true;
  }

  private startRemembered(shard: Shard, grant: Grant): void {
    this.remembered?.open(shard.id, grant).then(
      (ids) => {
        if (shard.isHosted) this.entities.startRemembered(shard, ids);
      },
      (err) => this.log.error({ err, shard: shard.id }, 'remembered entities cannot be read'),
    );
  }

  /** Nothing more is sent to the shard until there is word about its next home. */
  beginHandOff(id: number): void {
    const shard = this.shards[id];
    if (shard !== undefined) shard.moving = true;
  }

  /** Stops the shard's entities; `shardIsEmpty` ends it. */
  handOff(id: number, grant: Grant): void {
    const shard = this.shards[id];
    if (shard === undefined) return;
    if (shard.grant === null) {
      this.link.shardStopped(id, grant);
    } else if (!shard.stopping && compareGrants(shard.grant, grant) <= 0) {
      shard.stopping = true;
      this.entities.stopShard(shard, this.stopWithinMs);
    }
  }

  private get stopWithinMs(): number {
    const { journalAnswers, settings } = this.runtime;
    const { handOffTimeoutMs } = settings;
    return journalAnswers ? handOffTimeoutMs : Math.min(handOffTimeoutMs, HASTY_STOP_MS);
  }

  // ---- what entities do (called by Entities) ---------------------------------------------------

  reroute(shard: Shard, waiting: Waiting): void {
    this.send(shard, waiting);
  }

  entityStarts(shard: Shard, id: string): Promise<void> | null {
    return this.remembered?.add(shard.id, id) ?? null;
  }

  entityForgotten(shard: Shard, id: string): void {
    this.remembered?.remove(shard.id, id);
  }

  shardIsEmpty(shard: Shard): void {
    this.giveBack(shard);
  }

  /**
   * Entities that wait for a journal that does not answer would stop when that does. They are left to
   * themselves: what they write after this is refused, since the next home is ahead of them.
   */
  shardStopsLate(shard: Shard): void {
    if (!this.runtime.journalAnswers) this.giveBack(shard);
  }

  private giveBack(shard: Shard): void {
    const { grant } = shard;
    shard.stopTimer?.cancel();
    shard.stopTimer = null;
    const done = () => {
      if (shard.grant !== grant || !shard.stopping || grant === null) return;
      shard.grant = null;
      shard.stopping = false;
      this.link.shardStopped(shard.id, grant);
    };
    if (this.remembered === null) done();
    else if (this.runtime.journalAnswers) {
      void this.withinTime(this.remembered.close(shard.id)).then(done);
    } else {
      this.remembered.abandon(shard.id);
      done();
    }
  }

  /** A store that hangs must not hold up a hand-off for ever. */
  private withinTime(written: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const { handOffTimeoutMs } = this.runtime.settings;
      const timer = this.system.scheduler.schedule(handOffTimeoutMs, resolve);
      const settle = () => {
        timer.cancel();
        resolve();
      };
      written.then(settle, (err) => {
        this.log.error({ err }, 'remembered entities could not be written');
        settle();
      });
    });
  }

  private onPassivate({ stopMessage, entity }: Passivate): void {
    const ref = entity ?? this.sender.toNullable();
    if (ref !== null && this.entities.passivate(ref, stopMessage)) return;
    this.log.warn(
      { entity: ref?.toString() ?? null },
      'Passivate is for running entities of this region: name one, or send it as one',
    );
  }

  // ---- cluster and time ------------------------------------------------------------------------

  private onClusterEvent(event: ClusterEvent): void {
    if (event instanceof ShardMapChanged) return;
    const { cluster, settings } = this.runtime;
    if (event instanceof SelfRemoved) this.abandonAll(event.left);
    const members = viewOf(cluster.getMembers(), settings.role);
    this.peers.update(members);
    this.link.membersChanged(members);
    this.flushReachable();
  }

  /** Others host our shards from now on, so everything stops, within this very turn. */
  private abandonAll(forGood: boolean): void {
    this.isOver = forGood;
    this.runtime.promised = null;
    this.link.removed();
    this.stopHosting();
    if (forGood) for (const shard of this.shards) this.flush(shard);
  }

  /** Stops all entities and gives all shards up. What arrives waits. */
  stopHosting(): void {
    for (const shard of this.shards) {
      shard.grant = null;
      shard.stopping = false;
      shard.moving = false;
      shard.home = null;
      shard.stopTimer?.cancel();
      shard.stopTimer = null;
    }
    this.entities.stopAll(this.shards);
    this.remembered?.abandonAll();
  }

  private onConnected(address: string): void {
    const wasBroken = this.peers.connected(address);
    if (wasBroken) this.flushReachable();
    const region = this.runtime.cluster.remoting;
    if (this.replicated === null || region.selfAddress.toString() === address) return;
    this.replicated.sendOwnedTo(this.peers.regionAt(address));
  }

  private flushReachable(): void {
    for (const shard of this.shards) {
      if (shard.waiting.length > 0 && this.canForward(shard)) this.flush(shard);
    }
  }

  private onTick(): void {
    this.peers.endDoubts();
    this.flushReachable();
    this.link.tick();
  }

  /** This region has a new coordinator's whole map. */
  registered(coordinator: NodeKey): void {
    if (coordinator !== this.runtime.self) {
      this.replicated?.askForAll(this.peers.region(coordinator));
    }
  }

  // ---- answers ---------------------------------------------------------------------------------

  /** Shards with entities that are to run wherever the shard is. */
  async rememberedShards(): Promise<readonly number[]> {
    return (await this.remembered?.shards()) ?? [];
  }

  leave(): Promise<void> {
    return this.link.leave();
  }

  get isRegistered(): boolean {
    return this.link.isRegistered;
  }

  homes(): HomeView[] {
    const { self } = this.runtime;
    return this.shards.flatMap(({ id, home, grant }) => {
      const node = grant !== null ? self : home;
      return node === null ? [] : [{ shard: id, node }];
    });
  }

  stats(): ShardStats {
    const hosted = this.shards.filter(({ grant }) => grant !== null);
    return { shards: hosted.map((shard) => ({ shard: shard.id, entities: shard.started() })) };
  }

  private onGetStats(message: GetShardStats & { replyTo?: ActorRef }): void {
    message.replyTo?.tell(this.stats(), this.self);
  }

  private get replicated(): ReplicatedEntities | null {
    return this.remembered instanceof ReplicatedEntities ? this.remembered : null;
  }

  /** The region that sent the message being handled. */
  private peer(): ActorRef {
    return this.sender.getOrElse(() => this.system.deadLetters);
  }
}

// A region's side of its dealings with the coordinator: finding it, registering, keeping up with its
// map, and carrying out its orders.
//
// A region obeys one epoch at a time: the one of the last `hello` it answered with a report of what
// it hosts. From that answer on every order of an earlier epoch is refused, which is what the
// coordinator that got the report relies on.
import type { ActorRef } from '../actor/ActorRef.ts';
import type { MemberView } from './CoordinatorState.ts';
import { coordinatorOf } from './membership.ts';
import {
  CoordinatorMessage,
  compareEpochs,
  type Grant,
  type NodeKey,
  RelayToCoordinator,
  type ToCoordinator,
  type ToRegion,
} from './messages.ts';
import type { Peers } from './Peers.ts';
import type { ShardRegion } from './ShardRegion.ts';
import type { TypeRuntime } from './TypeRuntime.ts';

/** Ticks between two checks for lost changes. */
const TICKS_PER_SYNC = 4;
/** Ticks between two repetitions of what was not answered. */
const TICKS_PER_RETRY = 2;
/** Ticks between two complaints about a coordinator that does not answer. */
const TICKS_PER_WARNING = 40;
/** On top of the time that entities have to stop. */
const LEAVE_GRACE_MS = 3000;

type Order = Exclude<ToRegion, { kind: 'hello' }>;

export class CoordinatorLink {
  private readonly runtime: TypeRuntime;
  private readonly peers: Peers;
  private readonly region: ShardRegion;
  private readonly regionRef: ActorRef;
  private coordinator: NodeKey | null = null;
  /** This instance has said what it hosts; before that a map answers one that is gone. */
  private hasReported = false;
  /** The coordinator has told the whole map. */
  private hasMap = false;
  private version = 0;
  private ticks = 0;
  /** Ticks without a coordinator's map. */
  private unanswered = 0;
  private isRefused = false;
  /** What the coordinator has been told. */
  private journalAnswers = true;
  private leaving: Promise<void> | null = null;
  private markLeft: () => void = () => {};

  constructor(runtime: TypeRuntime, peers: Peers, region: ShardRegion, regionRef: ActorRef) {
    this.runtime = runtime;
    this.peers = peers;
    this.region = region;
    this.regionRef = regionRef;
  }

  get isRegistered(): boolean {
    return this.hasMap;
  }

  // ---- out -------------------------------------------------------------------------------------

  tell(message: ToCoordinator): void {
    if (this.coordinator === null) return;
    this.peers.coordinator(this.coordinator).tell(new CoordinatorMessage(message), this.regionRef);
  }

  askForHomes(shards: readonly number[]): void {
    this.tell({ kind: 'get-homes', node: this.runtime.self, shards });
  }

  shardStopped(shard: number, grant: Grant): void {
    this.tell({ kind: 'shard-stopped', node: this.runtime.self, shard, grant });
  }

  private announce(): void {
    const { self: node, promised } = this.runtime;
    this.tell({ kind: 'announce', node, promised });
  }

  private sync(): void {
    const { self: node, promised: epoch } = this.runtime;
    const { version, journalAnswers } = this;
    if (epoch !== null) this.tell({ kind: 'sync', node, epoch, version, journalAnswers });
  }

  // ---- in --------------------------------------------------------------------------------------

  receive(message: ToRegion): void {
    if (message.kind === 'hello') {
      this.onHello(message.epoch);
      return;
    }
    const { promised } = this.runtime;
    if (promised === null || compareEpochs(message.epoch, promised) !== 0) return;
    this.onOrder(message);
  }

  /** Only from whom this node takes for the coordinator: two that outbid each other would go on for ever. */
  private onHello(epoch: NonNullable<TypeRuntime['promised']>): void {
    const { promised, self: node, settings } = this.runtime;
    if (epoch.node !== this.coordinator || this.runtime.region !== this.region) return;
    if (promised !== null && compareEpochs(promised, epoch) > 0) {
      this.announce();
      return;
    }
    this.runtime.promised = epoch;
    this.hasReported = true;
    this.tell({
      kind: 'register',
      ...{ node, epoch, numShards: settings.numShards },
      proxy: !this.runtime.hosts,
      leaving: this.leaving !== null,
      journalAnswers: this.journalAnswers,
      held: this.region.held(),
      wanted: this.region.wanted(),
    });
  }

  private onOrder(order: Order): void {
    const { region } = this;
    switch (order.kind) {
      case 'registered':
        this.onRegistered(order);
        break;
      case 'refused':
        this.onRefused(order.reason);
        break;
      case 'homes':
        if (!this.hasMap || order.version !== this.version + 1) this.sync();
        else {
          this.version = order.version;
          for (const [shard, home] of order.changes) region.setHome(shard, home);
        }
        break;
      case 'home-is':
        for (const [shard, home] of order.homes) region.setHome(shard, home);
        break;
      case 'host-shard':
        if (order.node === this.runtime.self && region.host(order.shard, order.grant)) {
          const { node, shard, grant } = order;
          this.tell({ kind: 'shard-started', node, shard, grant });
        }
        break;
      case 'begin-hand-off':
        this.onBeginHandOff(order.shard, order.grant, order.home);
        break;
      case 'hand-off':
        if (order.node === this.runtime.self) region.handOff(order.shard, order.grant);
        break;
      case 'leave-done':
        this.markLeft();
        break;
      default:
        order satisfies never;
    }
  }

  private onRegistered({ epoch, version, homes }: Extract<Order, { kind: 'registered' }>): void {
    if (!this.hasReported) return;
    const isNew = !this.hasMap;
    this.hasMap = true;
    this.isRefused = false;
    this.unanswered = 0;
    this.version = version;
    this.region.setAllHomes(homes);
    if (isNew) this.region.registered(epoch.node);
  }

  private onRefused(reason: string): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.region.stopHosting();
    const { typeName: type } = this.runtime.settings;
    this.runtime.system.log.error({ type, reason }, 'the coordinator refused this region');
  }

  /** The acknowledgement goes through the old home, behind everything that was sent there. */
  private onBeginHandOff(shard: number, grant: Grant, home: NodeKey): void {
    this.region.beginHandOff(shard);
    const { self: node } = this.runtime;
    const ready = { kind: 'hand-off-ready', node, shard, grant } as const;
    if (home === node || !this.peers.isMember(home)) this.tell(ready);
    else this.peers.region(home).tell(new RelayToCoordinator(ready), this.regionRef);
  }

  // ---- membership and time ---------------------------------------------------------------------

  membersChanged(members: readonly MemberView[]): void {
    const coordinator = coordinatorOf(members);
    if (coordinator === this.coordinator) return;
    this.coordinator = coordinator;
    this.hasMap = false;
    this.announce();
  }

  /** This node is no member any more. What comes next is another incarnation. */
  removed(): void {
    this.coordinator = null;
    this.hasMap = false;
    this.markLeft();
  }

  tick(): void {
    this.ticks++;
    const isRetry = this.ticks % TICKS_PER_RETRY === 0;
    if (!this.hasMap) {
      if (isRetry) this.announce();
      this.unanswered++;
      if (this.unanswered % TICKS_PER_WARNING === 0) this.warnUnanswered();
      return;
    }
    if (this.noticeJournal() || this.ticks % TICKS_PER_SYNC === 0) this.sync();
    const homeless = isRetry ? this.region.homeless() : [];
    if (homeless.length > 0) this.askForHomes(homeless);
    if (this.leaving !== null && isRetry) this.askToLeave();
  }

  /** True when it has begun, or ceased, to answer. */
  private noticeJournal(): boolean {
    const { journalAnswers } = this.runtime;
    const hasChanged = journalAnswers !== this.journalAnswers;
    this.journalAnswers = journalAnswers;
    return hasChanged;
  }

  private warnUnanswered(): void {
    const { coordinator, runtime } = this;
    runtime.system.log.warn(
      { type: runtime.settings.typeName, coordinator },
      coordinator === null
        ? 'no member is up that could coordinate the shards; messages wait'
        : 'the coordinator of the shards has not answered yet; it must have started this type too, ' +
            'at least with startProxy, unless a role keeps it out',
    );
  }

  // ---- leaving ---------------------------------------------------------------------------------

  /** Resolves when all shards have moved, or have had the time to. */
  leave(): Promise<void> {
    this.leaving ??= this.runtime.hosts ? this.handAllOff() : Promise.resolve();
    return this.leaving;
  }

  close(): void {
    this.markLeft();
  }

  private handAllOff(): Promise<void> {
    return new Promise((resolve) => {
      const { settings, system } = this.runtime;
      const timeoutMs = settings.handOffTimeoutMs + LEAVE_GRACE_MS;
      const timer = system.scheduler.schedule(timeoutMs, () => {
        const shards = this.region.held().length;
        const { typeName: type } = settings;
        system.log.warn({ type, shards, timeoutMs }, 'not all shards were handed off in time');
        resolve();
      });
      this.markLeft = () => {
        timer.cancel();
        resolve();
      };
      this.askToLeave();
    });
  }

  private askToLeave(): void {
    this.tell({ kind: 'leave', node: this.runtime.self });
  }
}

// The shard coordinator as a pure function: what it knows and what happened go in, what it knows then
// and what is to be sent come out. Sockets, clocks and timers are in ShardCoordinatorActor.
import {
  awaited,
  type CoordinatorEvent,
  type CoordinatorState,
  candidates,
  type Effect,
  type HandOff,
  type Home,
  type MemberView,
  type RegionView,
  routableHomes,
  type Stray,
  settledHome,
  settledHomes,
} from './CoordinatorState.ts';
import {
  compareEpochs,
  compareGrants,
  type Epoch,
  type Grant,
  type HeldShard,
  type NodeKey,
  type ToCoordinator,
  type ToRegion,
} from './messages.ts';
import { leastLoaded, planRebalance } from './ShardAllocation.ts';

/** An order that was not answered for so long is sent again. */
const RESEND_MS = 1000;
/** So long a hand-off waits for regions to stop sending; a late message is then passed on. */
const QUIESCE_TIMEOUT_MS = 2000;
/** From the registration of a region to the first look at the balance: others may be coming too. */
const FIRST_REBALANCE_MS = 500;
/** Hand-offs at a time from a node that leaves, or that has lost its journal. */
const PARALLEL_MOVES = 32;
/** So long a region may be without its journal. If it is away for all, all have said so by then. */
const WITHOUT_JOURNAL_MS = 1500;

export interface Step {
  readonly state: CoordinatorState;
  readonly effects: readonly Effect[];
}

/** `now`: monotonic milliseconds. `state` is used up: what comes back takes its place. */
export function step(state: CoordinatorState, event: CoordinatorEvent, now: number): Step {
  const turn = new Turn(state, now);
  turn.handle(event);
  return turn.finish();
}

type Register = Extract<ToCoordinator, { kind: 'register' }>;
type Sync = Extract<ToCoordinator, { kind: 'sync' }>;

/** A draft of the next state. It lives for one step. */
class Turn implements CoordinatorState {
  readonly settings: CoordinatorState['settings'];
  epoch: Epoch;
  phase: CoordinatorState['phase'];
  members: Map<NodeKey, MemberView>;
  readonly regions: Map<NodeKey, RegionView>;
  readonly absent: Set<NodeKey>;
  readonly homes: Map<number, Home>;
  readonly handOffs: Map<number, HandOff>;
  readonly loads: Map<NodeKey, number>;
  strays: Stray[];
  readonly wanted: Set<number>;
  version: number;
  nextSeq: number;
  nextRebalanceAt: number;

  private readonly now: number;
  private readonly effects: Effect[] = [];
  /** Shards whose home changed in this step. */
  private readonly changed = new Set<number>();
  /** Regions that get the whole map at the end of this step. */
  private readonly needMap = new Set<NodeKey>();

  constructor(state: CoordinatorState, now: number) {
    this.now = now;
    this.settings = state.settings;
    this.epoch = state.epoch;
    this.phase = state.phase;
    this.members = state.members;
    this.regions = state.regions;
    this.absent = state.absent;
    this.homes = state.homes;
    this.handOffs = state.handOffs;
    this.loads = state.loads;
    this.strays = [...state.strays];
    this.wanted = state.wanted;
    this.version = state.version;
    this.nextSeq = state.nextSeq;
    this.nextRebalanceAt = state.nextRebalanceAt;
  }

  handle(event: CoordinatorEvent): void {
    switch (event.kind) {
      case 'members':
        this.onMembers(event.members);
        break;
      case 'absent':
        this.onAbsent(event.node);
        break;
      case 'announce':
        this.onAnnounce(event.node, event.promised);
        break;
      case 'register':
        this.onRegister(event);
        break;
      case 'get-homes':
        this.onGetHomes(event.node, event.shards);
        break;
      case 'remembered':
        this.want(event.shards);
        break;
      case 'sync':
        this.onSync(event);
        break;
      case 'shard-started':
        this.onStarted(event.node, event.shard, event.grant);
        break;
      case 'hand-off-ready':
        this.onReady(event.node, event.shard, event.grant);
        break;
      case 'shard-stopped':
        this.onStopped(event.node, event.shard, event.grant);
        break;
      case 'leave':
        this.onLeave(event.node);
        break;
      case 'tick':
        this.onTick();
        break;
      default:
        event satisfies never;
    }
  }

  finish(): Step {
    if (this.phase === 'active') {
      this.moveShards();
      for (const shard of this.wanted) this.allocate(shard, null);
      this.broadcast();
      this.answerLeaving();
    }
    const { settings, epoch, phase, members, regions, absent, homes, handOffs, loads } = this;
    const { strays, wanted, version, nextSeq, nextRebalanceAt } = this;
    return {
      state: {
        ...{ settings, epoch, phase, members, regions, absent, homes, handOffs, loads },
        ...{ strays, wanted, version, nextSeq, nextRebalanceAt },
      },
      effects: this.effects,
    };
  }

  // ---- membership ------------------------------------------------------------------------------

  private onMembers(members: readonly MemberView[]): void {
    const before = this.members;
    this.members = new Map(members.map((member) => [member.node, member]));
    for (const node of before.keys()) if (!this.members.has(node)) this.forget(node);
    for (const { node, status, hosts } of members) {
      if (!before.has(node) && hosts) this.hello(node);
      if (status === 'unreachable' || status === 'down') this.stopWaitingFor(node);
    }
    this.activateIfComplete();
  }

  /** The node is gone and nothing runs on it: its shards can be given to others. */
  private forget(node: NodeKey): void {
    this.regions.delete(node);
    this.absent.delete(node);
    this.strays = this.strays.filter((stray) => stray.node !== node);
    for (const [shard, home] of [...this.homes]) if (home.node === node) this.release(shard);
    for (const [shard, handOff] of this.handOffs) {
      if (handOff.to === node) this.setHandOff(shard, { ...handOff, to: null });
    }
    this.stopWaitingFor(node);
  }

  private onAbsent(node: NodeKey): void {
    // Our own region is what a rival coordinator must have the word of before it may decide
    // anything; without one we could not be overruled, so we do not go on as if it were nothing.
    if (!this.members.has(node) || node === this.epoch.node) return;
    // A region that has stopped took its entities along.
    if (this.regions.has(node)) this.forget(node);
    this.absent.add(node);
    this.activateIfComplete();
  }

  // ---- registration ----------------------------------------------------------------------------

  private hello(node: NodeKey): void {
    this.send(node, { kind: 'hello', epoch: this.epoch });
  }

  private onAnnounce(node: NodeKey, promised: Epoch | null): void {
    if (promised !== null && compareEpochs(promised, this.epoch) > 0) this.exceed(promised);
    else this.hello(node);
  }

  /**
   * A region obeys a later epoch than ours, so another coordinator has reigned in between. Start
   * over above it: only a new round of reports tells what it has decided.
   */
  private exceed(other: Epoch): void {
    this.epoch = { term: other.term + 1, node: this.epoch.node };
    this.phase = 'recovering';
    for (const shard of this.homes.keys()) this.wanted.add(shard);
    this.regions.clear();
    this.homes.clear();
    this.handOffs.clear();
    this.loads.clear();
    this.changed.clear();
    this.strays = [];
    this.version = 0;
    for (const node of awaited(this)) this.hello(node);
  }

  private onRegister(report: Register): void {
    const { node } = report;
    if (!this.members.has(node)) return;
    if (compareEpochs(report.epoch, this.epoch) !== 0) this.onAnnounce(node, report.epoch);
    else if (report.numShards !== this.settings.numShards) this.refuse(report);
    else this.register(report);
  }

  private register(report: Register): void {
    const { node } = report;
    const known = this.regions.get(node);
    this.absent.delete(node);
    this.regions.set(node, {
      proxy: report.proxy,
      leaving: report.leaving || (known?.leaving ?? false),
      leaveDone: false,
      journalAnswers: known?.journalAnswers ?? true,
      journalSince: known?.journalSince ?? Number.NEGATIVE_INFINITY,
    });
    this.hearOfJournal(node, report.journalAnswers);
    for (const held of report.held) this.settle(node, held);
    const held = new Set(report.held.map(({ shard }) => shard));
    for (const [shard, home] of [...this.homes]) {
      if (home.node === node && !held.has(shard)) this.hostAgain(shard, home);
    }
    this.want(report.wanted);
    if (this.phase === 'active') {
      this.needMap.add(node);
      this.nextRebalanceAt = Math.min(this.nextRebalanceAt, this.now + FIRST_REBALANCE_MS);
    } else this.activateIfComplete();
  }

  private refuse({ node, numShards }: Register): void {
    const ours = this.settings.numShards;
    const reason = `this type has ${ours} shards (numShards) in the cluster, here ${numShards}`;
    this.send(node, { kind: 'refused', epoch: this.epoch, reason });
    if (this.absent.has(node)) return;
    this.warn({ node, numShards, expected: ours }, 'a region was refused: numShards differs');
    // It hosts nothing then, and must not hold up the others.
    this.onAbsent(node);
  }

  /** A region says that it hosts a shard. Of two that say so, the one with the later grant is right. */
  private settle(node: NodeKey, { shard, grant, stopping }: HeldShard): void {
    const home = this.homes.get(shard);
    if (home !== undefined && home.node !== node && compareGrants(home.grant, grant) > 0) {
      this.stray(node, shard, grant);
      return;
    }
    if (home !== undefined && home.node !== node) this.stray(home.node, shard, home.grant);
    if (home?.node === node && compareGrants(home.grant, grant) > 0) return;
    this.setHome(shard, { node, grant, confirmed: true, sentAt: this.now });
    this.wanted.delete(shard);
    if (home?.node !== node) this.changed.add(shard);
    const handOff = this.handOffs.get(shard);
    if (stopping && handOff?.from !== node) {
      this.setHandOff(shard, this.stoppingAt(node, null));
      this.changed.add(shard);
    } else if (handOff !== undefined && handOff.from !== node) this.setHandOff(shard, null);
  }

  private stray(node: NodeKey, shard: number, grant: Grant): void {
    this.warn({ node, shard }, 'a shard was hosted twice; the earlier grant gives way');
    this.strays = this.strays.filter((other) => other.node !== node || other.shard !== shard);
    this.strays.push({ node, shard, grant, sentAt: this.now });
    this.send(node, { kind: 'hand-off', epoch: this.epoch, node, shard, grant });
  }

  /**
   * The home did not have the shard when it reported. Our order may have crossed the report on its
   * way, so only the region's own word, given after that order, can say that it is free.
   */
  private hostAgain(shard: number, home: Home): void {
    if (this.phase !== 'active') this.release(shard);
    else if (this.handOffs.get(shard)?.phase === 'stopping') this.sendHandOff(shard);
    else {
      this.setHome(shard, { ...home, confirmed: false, sentAt: this.now });
      this.sendGrant(shard, home);
    }
  }

  private activateIfComplete(): void {
    if (this.phase !== 'recovering' || this.regions.size === 0 || awaited(this).length > 0) return;
    this.phase = 'active';
    this.changed.clear();
    this.nextRebalanceAt = this.now + FIRST_REBALANCE_MS;
    for (const node of this.regions.keys()) this.needMap.add(node);
  }

  // ---- homes -----------------------------------------------------------------------------------

  private want(shards: readonly number[]): void {
    for (const shard of shards) {
      const exists = Number.isInteger(shard) && shard >= 0 && shard < this.settings.numShards;
      if (exists && !this.homes.has(shard)) this.wanted.add(shard);
    }
  }

  private onGetHomes(node: NodeKey, shards: readonly number[]): void {
    this.want(shards);
    if (!this.regions.has(node)) {
      this.hello(node);
      return;
    }
    if (this.phase !== 'active') return;
    const homes = shards
      .filter((shard) => this.homes.has(shard) && !this.handOffs.has(shard))
      .map((shard) => [shard, this.homes.get(shard)!.node] as const);
    if (homes.length > 0) this.send(node, { kind: 'home-is', epoch: this.epoch, homes });
  }

  private onSync({ node, epoch, version, journalAnswers }: Sync): void {
    if (!this.regions.has(node) || compareEpochs(epoch, this.epoch) !== 0) {
      this.onAnnounce(node, epoch);
      return;
    }
    this.hearOfJournal(node, journalAnswers);
    if (version !== this.version) this.needMap.add(node);
  }

  private hearOfJournal(node: NodeKey, journalAnswers: boolean): void {
    const region = this.regions.get(node)!;
    if (region.journalAnswers === journalAnswers) return;
    this.regions.set(node, { ...region, journalAnswers, journalSince: this.now });
  }

  private lacksJournal({ journalAnswers, journalSince }: RegionView): boolean {
    return !journalAnswers && this.now - journalSince >= WITHOUT_JOURNAL_MS;
  }

  private leastLoaded(nodes: readonly NodeKey[]): NodeKey | null {
    return leastLoaded(new Map(nodes.map((node) => [node, this.loads.get(node) ?? 0])));
  }

  private setHome(shard: number, home: Home | null): void {
    this.count(shard, -1);
    if (home === null) this.homes.delete(shard);
    else this.homes.set(shard, home);
    this.count(shard, 1);
  }

  private setHandOff(shard: number, handOff: HandOff | null): void {
    this.count(shard, -1);
    if (handOff === null) this.handOffs.delete(shard);
    else this.handOffs.set(shard, handOff);
    this.count(shard, 1);
  }

  private count(shard: number, by: number): void {
    const node = settledHome(this, shard);
    if (node === null) return;
    const load = (this.loads.get(node) ?? 0) + by;
    if (load === 0) this.loads.delete(node);
    else this.loads.set(node, load);
  }

  private allocate(shard: number, preferred: NodeKey | null): void {
    const nodes = candidates(this, this.now);
    const isPreferred = preferred !== null && nodes.includes(preferred);
    const node = isPreferred ? preferred : this.leastLoaded(nodes);
    if (this.phase !== 'active' || node === null) {
      this.wanted.add(shard);
      return;
    }
    this.wanted.delete(shard);
    const grant = { epoch: this.epoch, seq: this.nextSeq++ };
    const home = { node, grant, confirmed: false, sentAt: this.now };
    this.setHome(shard, home);
    this.changed.add(shard);
    this.sendGrant(shard, home);
  }

  private sendGrant(shard: number, { node, grant }: Home): void {
    this.send(node, { kind: 'host-shard', epoch: this.epoch, node, shard, grant });
  }

  private onStarted(node: NodeKey, shard: number, grant: Grant): void {
    const home = this.homes.get(shard);
    if (home?.node !== node || compareGrants(home.grant, grant) !== 0) return;
    this.setHome(shard, { ...home, confirmed: true });
  }

  /** Nobody hosts the shard any more. */
  private release(shard: number): void {
    const to = this.handOffs.get(shard)?.to ?? null;
    this.setHandOff(shard, null);
    this.setHome(shard, null);
    this.changed.add(shard);
    if (this.phase === 'active') this.allocate(shard, to);
    else this.wanted.add(shard);
  }

  // ---- hand-off --------------------------------------------------------------------------------

  private beginHandOff(shard: number, to: NodeKey | null): void {
    const home = this.homes.get(shard)!;
    const waiting = new Set<NodeKey>();
    for (const node of this.regions.keys()) if (this.isReachable(node)) waiting.add(node);
    this.setHandOff(shard, {
      ...{ phase: 'quiescing', from: home.node, to, waiting },
      ...{ since: this.now, sentAt: this.now },
    });
    for (const node of waiting) this.sendBeginHandOff(node, shard, home);
    if (waiting.size === 0) this.stopAtHome(shard);
  }

  private sendBeginHandOff(to: NodeKey, shard: number, { node, grant }: Home): void {
    this.send(to, { kind: 'begin-hand-off', epoch: this.epoch, shard, grant, home: node });
  }

  private stopWaitingFor(node: NodeKey): void {
    for (const [shard, handOff] of this.handOffs) {
      if (handOff.waiting.has(node)) this.doneWaiting(shard, handOff, node);
    }
  }

  private onReady(node: NodeKey, shard: number, grant: Grant): void {
    const handOff = this.handOffs.get(shard);
    const home = this.homes.get(shard);
    if (home === undefined || compareGrants(home.grant, grant) !== 0) return;
    if (handOff?.waiting.has(node)) this.doneWaiting(shard, handOff, node);
  }

  private doneWaiting(shard: number, handOff: HandOff, node: NodeKey): void {
    const waiting = new Set(handOff.waiting);
    waiting.delete(node);
    this.setHandOff(shard, { ...handOff, waiting });
    if (waiting.size === 0) this.stopAtHome(shard);
  }

  private stopAtHome(shard: number): void {
    const handOff = this.handOffs.get(shard)!;
    this.setHandOff(shard, this.stoppingAt(handOff.from, handOff.to));
    this.sendHandOff(shard);
  }

  private stoppingAt(from: NodeKey, to: NodeKey | null): HandOff {
    const times = { since: this.now, sentAt: this.now };
    return { phase: 'stopping', from, to, waiting: new Set(), ...times };
  }

  private sendHandOff(shard: number): void {
    const { node, grant } = this.homes.get(shard)!;
    this.send(node, { kind: 'hand-off', epoch: this.epoch, node, shard, grant });
  }

  private onStopped(node: NodeKey, shard: number, grant: Grant): void {
    this.strays = this.strays.filter((stray) => stray.node !== node || stray.shard !== shard);
    const home = this.homes.get(shard);
    if (home?.node === node && compareGrants(home.grant, grant) === 0) this.release(shard);
  }

  // ---- leaving and balance ---------------------------------------------------------------------

  private onLeave(node: NodeKey): void {
    const region = this.regions.get(node);
    if (region === undefined) this.hello(node);
    else this.regions.set(node, { ...region, leaving: true, leaveDone: false });
  }

  /** Begins to empty regions that leave, and those without a journal if others have one; a few at a time. */
  private moveShards(): void {
    const isToMove = (region: RegionView) => region.leaving || this.lacksJournal(region);
    if (![...this.regions.values()].some(isToMove)) return;
    const nodes = candidates(this, this.now);
    for (const [shard, { node }] of this.homes) {
      if (this.handOffs.size >= PARALLEL_MOVES) return;
      const region = this.regions.get(node);
      if (region === undefined || !isToMove(region) || this.handOffs.has(shard)) continue;
      const to = this.leastLoaded(nodes);
      const hasBetter = to !== null && !nodes.includes(node);
      if (region.leaving || hasBetter) this.beginHandOff(shard, to);
    }
  }

  private answerLeaving(): void {
    for (const [node, region] of this.regions) {
      if (!region.leaving || region.leaveDone) continue;
      const homes = [...this.homes.values()];
      if (homes.some((home) => home.node === node)) continue;
      // The coordinator's own node goes last: nobody could send its unconfirmed grants again.
      if (node === this.epoch.node && homes.some((home) => !home.confirmed)) continue;
      this.regions.set(node, { ...region, leaveDone: true });
      this.send(node, { kind: 'leave-done', epoch: this.epoch });
    }
  }

  private rebalance(): void {
    this.nextRebalanceAt = this.now + this.settings.rebalanceIntervalMs;
    const limit = Math.max(1, Math.ceil(this.settings.numShards / 10)) - this.handOffs.size;
    const pinned = new Set(this.handOffs.keys());
    const moves = planRebalance(settledHomes(this), candidates(this, this.now), pinned, limit);
    for (const { shard, to } of moves) this.beginHandOff(shard, to);
  }

  // ---- time ------------------------------------------------------------------------------------

  private onTick(): void {
    if (this.phase === 'recovering') {
      for (const node of awaited(this)) this.hello(node);
    }
    const due = (sentAt: number) => this.now - sentAt >= RESEND_MS;
    for (const [shard, home] of this.homes) {
      if (home.confirmed || !due(home.sentAt) || this.handOffs.has(shard)) continue;
      this.setHome(shard, { ...home, sentAt: this.now });
      this.sendGrant(shard, home);
    }
    for (const [shard, handOff] of this.handOffs) if (due(handOff.sentAt)) this.remind(shard);
    this.strays = this.strays.map((stray) => {
      if (!due(stray.sentAt)) return stray;
      const { node, shard, grant } = stray;
      this.send(node, { kind: 'hand-off', epoch: this.epoch, node, shard, grant });
      return { ...stray, sentAt: this.now };
    });
    if (this.phase === 'active' && this.now >= this.nextRebalanceAt) this.rebalance();
  }

  private remind(shard: number): void {
    const handOff = this.handOffs.get(shard)!;
    if (handOff.phase === 'quiescing' && this.now - handOff.since >= QUIESCE_TIMEOUT_MS) {
      this.stopAtHome(shard);
      return;
    }
    this.setHandOff(shard, { ...handOff, sentAt: this.now });
    if (handOff.phase === 'stopping') this.sendHandOff(shard);
    for (const node of handOff.waiting) {
      this.sendBeginHandOff(node, shard, this.homes.get(shard)!);
    }
  }

  // ---- out -------------------------------------------------------------------------------------

  private isReachable(node: NodeKey): boolean {
    const status = this.members.get(node)?.status;
    return status !== undefined && status !== 'unreachable' && status !== 'down';
  }

  private broadcast(): void {
    if (this.changed.size > 0) {
      this.version++;
      const changes = [...this.changed].map((shard) => {
        const home = this.handOffs.has(shard) ? undefined : this.homes.get(shard);
        return [shard, home?.node ?? null] as const;
      });
      const { epoch, version } = this;
      for (const node of this.regions.keys()) {
        if (!this.needMap.has(node)) this.send(node, { kind: 'homes', epoch, version, changes });
      }
    }
    const homes = this.needMap.size > 0 ? routableHomes(this) : [];
    for (const node of this.needMap) {
      this.send(node, { kind: 'registered', epoch: this.epoch, version: this.version, homes });
    }
  }

  private send(to: NodeKey, message: ToRegion): void {
    this.effects.push({ kind: 'send', to, message });
  }

  private warn(fields: object, text: string): void {
    this.effects.push({ kind: 'warn', fields, text });
  }
}

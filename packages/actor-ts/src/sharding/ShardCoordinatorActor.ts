// The shell around the shard coordinator: gives it events and the time, and sends what it decides.
// It runs on every node that has the type, and does something only on the oldest one.
import { Actor } from '../actor/Actor.ts';
import type { ActorRef } from '../actor/ActorRef.ts';
import { Terminated } from '../actor/messages.ts';
import { type ClusterEvent, ShardMapChanged } from '../cluster/events.ts';
import {
  awaited,
  type CoordinatorEvent,
  type CoordinatorState,
  initialState,
} from './CoordinatorState.ts';
import { coordinatorOf, viewOf } from './membership.ts';
import { CoordinatorMessage, type NodeKey, RegionMessage } from './messages.ts';
import { Peers } from './Peers.ts';
import { step } from './ShardCoordinator.ts';
import type { TypeRuntime } from './TypeRuntime.ts';

const TICK_MS = 250;
const PROBE_AGAIN_MS = 100;
const READ_AGAIN_MS = 2000;

class Tick {
  static readonly instance = new Tick();
  readonly kind = 'tick';
}

class Probe {
  readonly node: NodeKey;

  constructor(node: NodeKey) {
    this.node = node;
  }
}

class ReadRemembered {
  static readonly instance = new ReadRemembered();
  readonly kind = 'read-remembered';
}

export class ShardCoordinatorActor extends Actor<unknown> {
  private readonly runtime: TypeRuntime;
  private readonly peers: Peers;
  /** Null while another node coordinates. */
  private state: CoordinatorState | null = null;
  /** The registered regions, watched: one that stops has given up its shards. */
  private readonly regions = new Map<NodeKey, ActorRef>();
  /** Members that may have no region of this type, and how often that was the answer. */
  private readonly probes = new Map<NodeKey, { readonly ref: ActorRef; denials: number }>();
  private unsubscribe: () => void = () => {};

  constructor(runtime: TypeRuntime) {
    super();
    this.runtime = runtime;
    this.peers = new Peers(runtime);
  }

  override preStart(): void {
    this.unsubscribe = this.runtime.cluster.subscribe((event) => this.onClusterEvent(event));
    this.context.timers.startTimerWithFixedDelay('tick', Tick.instance, TICK_MS);
  }

  override postStop(): void {
    this.unsubscribe();
    this.state = null;
  }

  onReceive(message: unknown): void {
    if (message instanceof Terminated) this.onTerminated(message.actor);
    else if (message instanceof Probe) this.probe(message.node);
    // Whoever sent it tries again until the coordinator answers.
    else if (this.state === null) return;
    else if (message instanceof CoordinatorMessage) this.onMessage(message);
    else if (message instanceof Tick) this.apply({ kind: 'tick' });
    else if (message instanceof ReadRemembered) this.readRemembered();
    else this.unhandled(message);
  }

  private onMessage({ body }: CoordinatorMessage): void {
    const sender = this.sender.toNullable();
    if (body.kind === 'register' && sender !== null) this.watchRegion(body.node, sender);
    this.apply(body);
  }

  // ---- reign -----------------------------------------------------------------------------------

  private onClusterEvent(event: ClusterEvent): void {
    if (event instanceof ShardMapChanged) return;
    const { cluster, settings, self } = this.runtime;
    const members = viewOf(cluster.getMembers(), settings.role);
    this.peers.update(members);
    if (coordinatorOf(members) !== self) {
      this.end();
      return;
    }
    if (this.state === null) this.begin(self);
    this.apply({ kind: 'members', members });
    for (const node of this.regions.keys()) if (!this.peers.isMember(node)) this.forget(node);
  }

  private begin(self: NodeKey): void {
    const { runtime } = this;
    const { typeName: type, numShards, rebalanceIntervalMs, rememberEntities } = runtime.settings;
    runtime.term = Math.max(runtime.term, runtime.promised?.term ?? 0) + 1;
    const epoch = { term: runtime.term, node: self };
    this.state = initialState({ numShards, rebalanceIntervalMs }, epoch);
    this.log.debug({ type, term: epoch.term }, 'this node coordinates the shards');
    if (rememberEntities) this.self.tell(ReadRemembered.instance);
  }

  private end(): void {
    this.state = null;
    for (const node of [...this.regions.keys()]) this.forget(node);
    this.endProbes();
  }

  private apply(event: CoordinatorEvent): void {
    if (this.state === null) return;
    const { state, effects } = step(this.state, event, this.system.scheduler.now());
    this.state = state;
    this.runtime.term = Math.max(this.runtime.term, state.epoch.term);
    for (const effect of effects) {
      if (effect.kind === 'send') {
        this.peers.region(effect.to).tell(new RegionMessage(effect.message), this.self);
      } else {
        const { typeName: type } = this.runtime.settings;
        this.log.warn({ type, ...effect.fields }, effect.text);
      }
    }
    if (state.phase === 'recovering') this.probeAwaited(state);
    else this.endProbes();
  }

  private readRemembered(): void {
    const { region, settings } = this.runtime;
    const again = () => {
      const key = 'read-remembered';
      this.context.timers.startSingleTimer(key, ReadRemembered.instance, READ_AGAIN_MS);
    };
    if (region === null) {
      again();
      return;
    }
    const reign = this.runtime.term;
    region.rememberedShards().then(
      (shards) => {
        if (this.runtime.term === reign) this.apply({ kind: 'remembered', shards });
      },
      (err) => {
        const { typeName: type } = settings;
        this.log.warn({ err, type }, 'remembered entities cannot be read; trying again');
        again();
      },
    );
  }

  // ---- regions that stop, or never were --------------------------------------------------------

  private watchRegion(node: NodeKey, region: ActorRef): void {
    const known = this.regions.get(node);
    if (known?.equals(region)) return;
    if (known !== undefined) this.context.unwatch(known);
    this.regions.set(node, region);
    this.context.watch(region);
  }

  private forget(node: NodeKey): void {
    const region = this.regions.get(node);
    if (region !== undefined) this.context.unwatch(region);
    this.regions.delete(node);
  }

  private onTerminated(actor: ActorRef): void {
    for (const [node, region] of this.regions) {
      if (!region.equals(actor)) continue;
      this.regions.delete(node);
      if (node === this.runtime.self) {
        const { typeName: type } = this.runtime.settings;
        this.log.error({ type }, 'the region of this node was stopped: restart the node');
      }
      this.apply({ kind: 'absent', node });
      return;
    }
    for (const [node, probe] of this.probes) if (probe.ref.equals(actor)) this.onDenial(node);
  }

  private probeAwaited(state: CoordinatorState): void {
    for (const node of awaited(state)) {
      if (node === this.runtime.self || this.probes.has(node)) continue;
      const ref = this.peers.region(node);
      this.probes.set(node, { ref, denials: 0 });
      this.context.watch(ref);
    }
  }

  /**
   * The node has no such actor. The first time this may have been about the process that was at the
   * address before; the answer to a second question cannot be.
   */
  private onDenial(node: NodeKey): void {
    const probe = this.probes.get(node)!;
    probe.denials++;
    if (probe.denials > 1) {
      if (this.state?.regions.has(node) === false) this.apply({ kind: 'absent', node });
      return;
    }
    this.context.timers.startSingleTimer(`probe ${node}`, new Probe(node), PROBE_AGAIN_MS);
  }

  private probe(node: NodeKey): void {
    const probe = this.probes.get(node);
    if (probe !== undefined) this.context.watch(probe.ref);
  }

  private endProbes(): void {
    for (const { ref } of this.probes.values()) this.context.unwatch(ref);
    this.probes.clear();
  }
}

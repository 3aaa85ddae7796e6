// A shard coordinator and the regions of many nodes in virtual time, on a network that loses nothing and
// takes a millisecond each way: what the coordinator has to compute and to send as both grow.
import { Packr } from 'msgpackr';
import {
  type CoordinatorState,
  initialState,
  type MemberView,
} from '../../packages/actor-ts/src/sharding/CoordinatorState.ts';
import type {
  Epoch,
  Grant,
  ToCoordinator,
  ToRegion,
} from '../../packages/actor-ts/src/sharding/messages.ts';
import { step } from '../../packages/actor-ts/src/sharding/ShardCoordinator.ts';

const LATENCY_MS = 1;
/** How often the coordinator looks around, and a region asks whether it missed something. */
const TICK_MS = 500;
const REBALANCE_MS = 1000;
const LIMIT_MS = 600_000;

export interface Cost {
  /** Virtual milliseconds until all is as it should be. */
  readonly tookMs: number;
  /** Milliseconds that the coordinator computed, in all and in its longest turn. */
  readonly busyMs: number;
  readonly longestMs: number;
  readonly messages: number;
}

interface Region {
  readonly node: string;
  readonly held: Map<number, Grant>;
  version: number;
}

export class ShardingModel {
  private readonly shards: number;
  private readonly regions = new Map<string, Region>();
  private readonly queue: { at: number; run: () => void }[] = [];
  private state: CoordinatorState;
  private readonly epoch: Epoch;
  private now = 0;
  private nextTick = 0;
  private joined = 0;
  private busyMs = 0;
  private longestMs = 0;
  private messages = 0;
  private largestBytes = 0;

  constructor(nodes: number, shards: number) {
    this.shards = shards;
    this.epoch = { term: 1, node: nameOf(1) };
    const settings = { numShards: shards, rebalanceIntervalMs: REBALANCE_MS };
    this.state = initialState(settings, this.epoch);
    for (let i = 0; i < nodes; i++) this.add();
    this.tellMembers();
    this.runUntil(() => this.state.phase === 'active' && this.state.regions.size === nodes);
  }

  /** Bytes of the largest message so far: the whole map, for a region that has none. */
  get mapBytes(): number {
    return this.largestBytes;
  }

  /** The first message for every shard comes, at any node. */
  allocateAll(): Cost {
    return this.measure(() => {
      const nodes = [...this.regions.keys()];
      for (let shard = 0; shard < this.shards; shard++) {
        const node = nodes[shard % nodes.length]!;
        this.toCoordinator({ kind: 'get-homes', node, shards: [shard] });
      }
    });
  }

  /** The last node dies, and the others are sure of it. */
  killOne(): Cost {
    return this.measure(() => {
      this.regions.delete([...this.regions.keys()].at(-1)!);
      this.tellMembers();
    });
  }

  /** A node joins, and gets its share. */
  joinOne(): Cost {
    return this.measure(() => {
      this.add();
      this.tellMembers();
    });
  }

  /** Ten seconds in which nothing happens. */
  rest(): Cost {
    const end = this.now + 10_000;
    return this.measure(
      () => {},
      () => this.now >= end,
    );
  }

  // ---- the machinery ---------------------------------------------------------------------------

  private measure(cause: () => void, isDone = () => this.isBalanced()): Cost {
    const began = this.now;
    [this.busyMs, this.longestMs, this.messages] = [0, 0, 0];
    cause();
    this.runUntil(isDone);
    const { busyMs, longestMs, messages } = this;
    return { tookMs: this.now - began, busyMs, longestMs, messages };
  }

  /** Every shard runs where the coordinator says, and no two regions differ by more than one. */
  private isBalanced(): boolean {
    if (this.state.homes.size !== this.shards || this.state.handOffs.size > 0) return false;
    for (const { confirmed } of this.state.homes.values()) if (!confirmed) return false;
    const loads = [...this.regions.values()].map(({ held }) => held.size);
    return Math.max(...loads) - Math.min(...loads) <= 1;
  }

  private add(): void {
    const node = nameOf(++this.joined);
    this.regions.set(node, { node, held: new Map(), version: 0 });
  }

  private tellMembers(): void {
    const members = [...this.regions.keys()].map((node): MemberView => {
      return { node, status: 'up', hosts: true };
    });
    this.coordinate({ kind: 'members', members });
  }

  private runUntil(isDone: () => boolean): void {
    const end = this.now + LIMIT_MS;
    // Whether it is done is looked at when time passes, not after each of a million messages.
    for (;;) {
      while (this.queue.length > 0 && this.queue[0]!.at <= this.now) {
        for (const { run } of this.queue.splice(0, this.batch())) run();
      }
      if (isDone()) return;
      if (this.now >= end) throw new Error(`not done after ${LIMIT_MS} ms`);
      this.now = Math.min(this.queue[0]?.at ?? Number.POSITIVE_INFINITY, this.nextTick);
      if (this.now >= this.nextTick) this.tick();
    }
  }

  /** How many of the messages in the queue have arrived. */
  private batch(): number {
    const later = this.queue.findIndex(({ at }) => at > this.now);
    return later < 0 ? this.queue.length : later;
  }

  private tick(): void {
    this.nextTick = this.now + TICK_MS;
    this.coordinate({ kind: 'tick' });
    for (const { node, version } of this.regions.values()) {
      const sync = {
        kind: 'sync',
        node,
        epoch: this.epoch,
        version,
        journalAnswers: true,
      } as const;
      this.toCoordinator(sync);
    }
  }

  private coordinate(event: Parameters<typeof step>[1]): void {
    const before = performance.now();
    const { state, effects } = step(this.state, event, this.now);
    const took = performance.now() - before;
    this.busyMs += took;
    this.longestMs = Math.max(this.longestMs, took);
    this.state = state;
    for (const effect of effects) {
      if (effect.kind === 'send') this.toRegion(effect.to, effect.message);
    }
  }

  private toCoordinator(message: ToCoordinator): void {
    this.messages++;
    this.queue.push({ at: this.now + LATENCY_MS, run: () => this.coordinate(message) });
  }

  private toRegion(to: string, message: ToRegion): void {
    this.messages++;
    if (message.kind === 'registered' && message.homes.length === this.shards) {
      this.largestBytes = Math.max(this.largestBytes, new Packr().pack(message).length);
    }
    this.queue.push({ at: this.now + LATENCY_MS, run: () => this.onRegion(to, message) });
  }

  /** What a region does whose entities stop at once. */
  private onRegion(to: string, message: ToRegion): void {
    const region = this.regions.get(to);
    if (region === undefined) return;
    const { node, held } = region;
    if (message.kind === 'hello') {
      this.toCoordinator({
        ...{ kind: 'register', node, epoch: message.epoch, numShards: this.shards },
        ...{ proxy: false, leaving: false, journalAnswers: true, held: [], wanted: [] },
      });
    } else if (message.kind === 'registered' || message.kind === 'homes') {
      region.version = message.version;
    } else if (message.kind === 'host-shard') {
      const { shard, grant } = message;
      held.set(shard, grant);
      this.toCoordinator({ kind: 'shard-started', node, shard, grant });
    } else if (message.kind === 'begin-hand-off') {
      const { shard, grant } = message;
      this.toCoordinator({ kind: 'hand-off-ready', node, shard, grant });
    } else if (message.kind === 'hand-off') {
      const { shard, grant } = message;
      held.delete(shard);
      this.toCoordinator({ kind: 'shard-stopped', node, shard, grant });
    }
  }
}

function nameOf(number: number): string {
  return `chat@node${number}.cluster:2551#${(number * 7919).toString(36)}`;
}

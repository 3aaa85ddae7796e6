// What a shard coordinator knows, and the questions that can be put to it.
import type { MemberStatus } from '../cluster/Member.ts';
import type { Epoch, Grant, HomeChange, NodeKey, ToCoordinator, ToRegion } from './messages.ts';

/** A journal that was away and has answered for so long is one that answers. */
const PROVEN_MS = 5000;

export interface CoordinatorSettings {
  readonly numShards: number;
  readonly rebalanceIntervalMs: number;
}

export interface MemberView {
  readonly node: NodeKey;
  readonly status: MemberStatus;
  /** Has the role that shards of this type need. */
  readonly hosts: boolean;
}

export interface RegionView {
  readonly proxy: boolean;
  readonly leaving: boolean;
  /** Its node reaches the journal. */
  readonly journalAnswers: boolean;
  /** When that changed last; -Infinity for a region that has come with a journal that answers. */
  readonly journalSince: number;
  /** Has been told that nothing is left on it. */
  readonly leaveDone: boolean;
}

export interface Home {
  readonly node: NodeKey;
  readonly grant: Grant;
  /** The region has said that it hosts the shard. */
  readonly confirmed: boolean;
  readonly sentAt: number;
}

/**
 * A shard on its way. `quiescing`: regions stop sending to the old home; `waiting` are those that
 * have not said so. `stopping`: the old home stops the entities.
 */
export interface HandOff {
  readonly phase: 'quiescing' | 'stopping';
  readonly from: NodeKey;
  readonly to: NodeKey | null;
  readonly waiting: ReadonlySet<NodeKey>;
  readonly since: number;
  readonly sentAt: number;
}

/** A region that hosts a shard which a later grant gave to another one. */
export interface Stray {
  readonly node: NodeKey;
  readonly shard: number;
  readonly grant: Grant;
  readonly sentAt: number;
}

/**
 * While `recovering`, the coordinator collects what every region hosts and decides nothing: that is
 * what keeps a shard from having two homes when one coordinator follows another.
 *
 * The maps belong to the coordinator's next turn, which goes on with them: copies of 10,000 shards would
 * be most of its work.
 */
export interface CoordinatorState {
  readonly settings: CoordinatorSettings;
  readonly epoch: Epoch;
  readonly phase: 'recovering' | 'active';
  /** All members that have not been removed, oldest first. */
  readonly members: Map<NodeKey, MemberView>;
  /** Those that registered in this epoch. */
  readonly regions: Map<NodeKey, RegionView>;
  /** Members that are known to have no region of this type now. */
  readonly absent: Set<NodeKey>;
  readonly homes: Map<number, Home>;
  readonly handOffs: Map<number, HandOff>;
  /** How many shards each node will have once all hand-offs are done. */
  readonly loads: Map<NodeKey, number>;
  readonly strays: readonly Stray[];
  /** Shards that are to have a home as soon as one can be given. */
  readonly wanted: Set<number>;
  /** Counts the changes to the map that were broadcast in this epoch. */
  readonly version: number;
  readonly nextSeq: number;
  readonly nextRebalanceAt: number;
}

export type CoordinatorEvent =
  | ToCoordinator
  | { readonly kind: 'members'; readonly members: readonly MemberView[] }
  /** The member has no region of this type, or no longer. */
  | { readonly kind: 'absent'; readonly node: NodeKey }
  | { readonly kind: 'remembered'; readonly shards: readonly number[] }
  | { readonly kind: 'tick' };

export type Effect =
  | { readonly kind: 'send'; readonly to: NodeKey; readonly message: ToRegion }
  | { readonly kind: 'warn'; readonly fields: object; readonly text: string };

export function initialState(settings: CoordinatorSettings, epoch: Epoch): CoordinatorState {
  return {
    settings,
    epoch,
    phase: 'recovering',
    members: new Map(),
    regions: new Map(),
    absent: new Set(),
    homes: new Map(),
    handOffs: new Map(),
    loads: new Map(),
    strays: [],
    wanted: new Set(),
    version: 0,
    nextSeq: 1,
    nextRebalanceAt: 0,
  };
}

/** Members whose report a recovering coordinator still needs. */
export function awaited(state: CoordinatorState): NodeKey[] {
  const missing: NodeKey[] = [];
  for (const { node, hosts } of state.members.values()) {
    if (hosts && !state.regions.has(node) && !state.absent.has(node)) missing.push(node);
  }
  return missing;
}

/** The map as regions see it: a shard that is on its way has no home. */
export function routableHomes(state: CoordinatorState): HomeChange[] {
  const homes: HomeChange[] = [];
  for (const [shard, home] of state.homes) {
    if (!state.handOffs.has(shard)) homes.push([shard, home.node]);
  }
  return homes;
}

/**
 * Regions that may be given shards, oldest member first. Those whose journal does not answer, or has not for
 * long, only when there are no others: then it is the journal that is away, for all, and moving helps nobody.
 */
export function candidates(state: CoordinatorState, now: number): NodeKey[] {
  const nodes = possibleHomes(state);
  const sound = nodes.filter((node) => {
    const { journalAnswers, journalSince } = state.regions.get(node)!;
    return journalAnswers && now - journalSince >= PROVEN_MS;
  });
  return sound.length > 0 ? sound : nodes;
}

function possibleHomes(state: CoordinatorState): NodeKey[] {
  const nodes: NodeKey[] = [];
  for (const { node, status, hosts } of state.members.values()) {
    const region = state.regions.get(node);
    if (!hosts || status !== 'up' || region === undefined) continue;
    if (!region.proxy && !region.leaving) nodes.push(node);
  }
  return nodes;
}

/** Where a shard will be once its hand-off is done, if it has one; null when that is not known. */
export function settledHome(state: CoordinatorState, shard: number): NodeKey | null {
  const home = state.homes.get(shard);
  if (home === undefined) return null;
  const handOff = state.handOffs.get(shard);
  return handOff === undefined ? home.node : handOff.to;
}

export function settledHomes(state: CoordinatorState): Map<number, NodeKey> {
  const homes = new Map<number, NodeKey>();
  for (const shard of state.homes.keys()) {
    const node = settledHome(state, shard);
    if (node !== null) homes.set(shard, node);
  }
  return homes;
}

// What cluster daemons say to each other, and what they ask of the shell around the protocol.
import type { ClusterEvent } from './events.ts';
import { LIFECYCLE, type NodeId } from './Member.ts';
import type { WireState } from './Membership.ts';

/** What decides which of two clusters stays when they meet. */
export interface ClusterSummary {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly foundedAt: number;
  /** Members that are up and reachable. */
  readonly ups: number;
  /** upNumber of the oldest of them. */
  readonly oldest: number;
  /** Incarnation of the member that leads. */
  readonly leader: string;
}

/** `to` is the incarnation that is meant; `asked` the address under which the probed node was tried. */
export type ClusterMessage =
  | { type: 'probe'; from: NodeId; asked: string; cluster: ClusterSummary | null }
  | { type: 'probe-reply'; from: NodeId; asked: string; cluster: ClusterSummary | null }
  | { type: 'join'; from: NodeId; roles: readonly string[] }
  | { type: 'welcome'; from: NodeId; to: string; state: WireState }
  | { type: 'heartbeat'; from: NodeId; to: string }
  | { type: 'heartbeat-ack'; from: NodeId }
  /** `isQuestion`: the other side says what it has, also when it is the same. */
  | {
      type: 'digest';
      from: NodeId;
      to: string;
      cluster: ClusterSummary;
      digest: string;
      isQuestion: boolean;
    }
  | { type: 'gossip'; from: NodeId; to: string; cluster: ClusterSummary; state: WireState }
  | { type: 'removed'; from: NodeId; to: string }
  | { type: 'dissolve'; from: NodeId; to: string; into: string }
  | { type: 'giving-up'; from: NodeId; to: string }
  | { type: 'goodbye'; from: NodeId; to: string; state: WireState }
  | { type: 'goodbye-ack'; from: NodeId; to: string };

export type ClusterMessageOf<T extends ClusterMessage['type']> = Extract<
  ClusterMessage,
  { type: T }
>;

/** Written in order by the protocol, carried out in order by the shell. */
export type Effect =
  | { type: 'send'; to: string; message: ClusterMessage }
  | { type: 'publish'; event: ClusterEvent }
  /** Cut that incarnation off for good. */
  | { type: 'quarantine'; node: NodeId }
  /** Let that incarnation talk again: both sides have removed each other and must settle it. */
  | { type: 'pardon'; node: NodeId }
  /** Become a new incarnation, then call `restart`. */
  | { type: 'renew' }
  | { type: 'resolve-seeds' }
  | { type: 'left' }
  | { type: 'log'; level: 'debug' | 'info' | 'warn'; message: string; fields?: object };

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isFinite(value);
type Fields = Partial<Record<string, unknown>>;

function isNode(value: unknown): value is NodeId {
  const node = value as Fields | null | undefined;
  return isText(node?.address) && isText(node.uid);
}

function isSummary(value: unknown): boolean {
  const s = value as Fields | null | undefined;
  return isText(s?.id) && isText(s.leader) && [s.foundedAt, s.ups, s.oldest].every(isNumber);
}

function isState(value: unknown): boolean {
  const state = value as Fields | null | undefined;
  const cluster = state?.cluster as Fields | undefined;
  const { members, reachability } = state ?? {};
  if (!isText(cluster?.id) || !isNumber(cluster.foundedAt)) return false;
  if (!Array.isArray(members) || !Array.isArray(reachability)) return false;
  return (
    members.every(
      (m: Fields) =>
        isNode(m?.node) &&
        Array.isArray(m.roles) &&
        m.roles.every(isText) &&
        (LIFECYCLE as readonly unknown[]).includes(m.status) &&
        isNumber(m.upNumber) &&
        isNumber(m.removedAt),
    ) &&
    reachability.every(
      (r: Fields) =>
        isText(r?.observer) && isText(r.subject) && isNumber(r.version) && isText(r.opinion),
    )
  );
}

const checks: Record<ClusterMessage['type'], (m: Fields) => boolean> = {
  probe: (m) => isText(m.asked) && (m.cluster === null || isSummary(m.cluster)),
  'probe-reply': (m) => isText(m.asked) && (m.cluster === null || isSummary(m.cluster)),
  join: (m) => Array.isArray(m.roles) && m.roles.every(isText),
  welcome: (m) => isText(m.to) && isState(m.state),
  heartbeat: (m) => isText(m.to),
  'heartbeat-ack': () => true,
  digest: (m) =>
    isText(m.to) && isSummary(m.cluster) && isText(m.digest) && typeof m.isQuestion === 'boolean',
  gossip: (m) => isText(m.to) && isSummary(m.cluster) && isState(m.state),
  removed: (m) => isText(m.to),
  dissolve: (m) => isText(m.to) && isText(m.into),
  'giving-up': (m) => isText(m.to),
  goodbye: (m) => isText(m.to) && isState(m.state),
  'goodbye-ack': (m) => isText(m.to),
};

/** Whether `value`, which came from outside, is a message as above. */
export function isClusterMessage(value: unknown): value is ClusterMessage {
  const message = value as Fields | null | undefined;
  const type = message?.type;
  if (!isText(type) || !Object.hasOwn(checks, type) || !isNode(message?.from)) return false;
  return checks[type as ClusterMessage['type']](message);
}
